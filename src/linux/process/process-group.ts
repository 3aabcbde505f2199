import { PROC } from '../files/proc-file.js'
import { listPids } from './process-list.js'
import { hasEnded, readProcessStat } from './process-stat.js'

/**
 * Returns the living processes of a group. It leaves zombies out: they hold nothing, and where init
 * does not reap them they stay for ever.
 */
export function groupMembers(groupId: number, proc = PROC): number[] {
  return listPids(proc).filter((pid) => {
    const stat = readProcessStat(pid, proc)
    return stat.kind === 'read' && stat.groupId === groupId && !hasEnded(stat, proc)
  })
}
