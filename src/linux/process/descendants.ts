import { PROC } from '../files/proc-file.js'
import { listPids } from './process-list.js'
import { type ProcessStat, readProcessStat } from './process-stat.js'

/**
 * Returns all living descendants of a process, parents before children, without the process itself.
 * It walks /proc once, because /proc/PID/task/TID/children is missing on kernels built without
 * CONFIG_PROC_CHILDREN. A process whose parent has ended belongs to init and is not found here; see
 * `carriers` for those.
 */
export function descendantsOf(pid: number, proc = PROC): ProcessStat[] {
  const childrenOf = new Map<number, ProcessStat[]>()
  for (const other of listPids(proc)) {
    const stat = readProcessStat(other, proc)
    if (stat.kind !== 'read') continue // it ended since the listing; the walk continues with its siblings
    const siblings = childrenOf.get(stat.parentPid)
    if (siblings === undefined) childrenOf.set(stat.parentPid, [stat])
    else siblings.push(stat)
  }
  const found = [...(childrenOf.get(pid) ?? [])]
  for (let i = 0; i < found.length; i++) found.push(...(childrenOf.get(found[i]!.pid) ?? []))
  return found
}
