import { readCommandLine } from '../../linux/process/command-line.js'
import { listPids } from '../../linux/process/process-list.js'
import { readProcessStat } from '../../linux/process/process-stat.js'
import type { RolePattern } from '../processes/process-name.js'
import type { RecordedProcess } from '../recording.js'

/**
 * Finds processes of a framework that run outside the command. A daemon of an earlier run takes the
 * job, and neither it nor what it starts is recorded.
 *
 * @param roles roles of the framework's preset; one that a recorded process fits is not searched
 *   for
 * @returns a sentence for each such process, with a fix
 */
export function alreadyRunning(roles: readonly RolePattern[], recorded: readonly RecordedProcess[]): string[] {
  const missing = roles.filter(({ pattern }) => !recorded.some(({ command }) => pattern.test(command)))
  if (missing.length === 0) return []
  // A shell or `timeout` that started us has our command line in its own.
  const own = new Set([...ancestry(process.pid), ...recorded.map(({ pid }) => pid)])
  return listPids().flatMap((pid) => {
    if (own.has(pid)) return []
    const line = readCommandLine(pid)?.join(' ') ?? ''
    const role = missing.find(({ pattern }) => pattern.test(line))
    if (line === '' || role === undefined) return []
    return [
      `a process that fits the role ${role.role} runs already and is no part of the command, nor is what it starts: pid ${pid}, ${line}\n` +
        `  End it first (kill ${pid}), start one of its own in the command, or record that one: tidemark attach ${pid}`,
    ]
  })
}

/** Returns a process and all that it descends from. */
function ancestry(pid: number): number[] {
  const stat = readProcessStat(pid)
  return stat.kind === 'read' && stat.parentPid > 0 ? [pid, ...ancestry(stat.parentPid)] : [pid]
}
