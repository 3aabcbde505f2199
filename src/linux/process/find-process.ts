import { basename } from 'node:path'
import { UsageError } from '../../shared/errors.js'
import { PROC } from '../files/proc-file.js'
import { readCommandLine } from './command-line.js'
import { othersProcesses } from './others-processes.js'
import { listPids } from './process-list.js'
import { hasEnded, type ProcessStat, readProcessStat } from './process-stat.js'

/**
 * Finds the running process that a user names by pid, by program (`nginx`), or by script
 * (`server.py`).
 *
 * @throws UsageError when there is none, or when several match, which it lists
 */
export function findProcess(pidOrName: string, proc = PROC): ProcessStat {
  if (/^\d+$/.test(pidOrName)) {
    const stat = readProcessStat(Number(pidOrName), proc)
    if (stat.kind === 'read' && !hasEnded(stat, proc)) return stat
    throw new UsageError(`there is no process ${pidOrName}`, { fix: `ps -e lists what runs.${hidden(proc)}` })
  }
  const found = listPids(proc)
    .filter((pid) => pid !== process.pid && namesOf(pid, proc).includes(pidOrName))
    .map((pid) => readProcessStat(pid, proc))
    .filter((stat) => stat.kind === 'read')
  // A server and its forked workers share a name. The user means the one whose parent is not among
  // them.
  const oldest = found
    .filter(({ parentPid }) => !found.some(({ pid }) => pid === parentPid))
    .sort((a, b) => a.pid - b.pid)
  if (oldest.length === 1) return oldest[0]!
  if (oldest.length === 0)
    throw new UsageError(`there is no process named "${pidOrName}"`, {
      fix: `Names are those of programs and scripts, whole; ps -e lists what runs.${hidden(proc)}`,
    })
  const list = oldest.map(({ pid }) => `${pid}  ${(readCommandLine(pid, proc) ?? []).join(' ')}`)
  throw new UsageError(`${oldest.length} processes are named "${pidOrName}"; give the pid of one:\n${list.join('\n')}`)
}

/**
 * Returns a hint for errors where a process that is hidden from us looks as if it did not exist.
 */
function hidden(proc: string): string {
  if (othersProcesses(proc) !== 'hidden') return ''
  return ' Those of other users are hidden here (/proc is mounted with hidepid): they take root.'
}

/**
 * Returns the kernel's name of a process, its program's name, and those of its arguments that may
 * be files. They include an interpreter's script, but not options such as the `-1` of `tail -1`.
 */
function namesOf(pid: number, proc: string): string[] {
  const stat = readProcessStat(pid, proc)
  const command = readCommandLine(pid, proc)
  if (stat.kind !== 'read' || command === null) return []
  const [program = '', ...others] = command.slice(0, 3)
  const files = others.filter((argument) => !argument.startsWith('-'))
  return [stat.name, ...[program, ...files].map((path) => basename(path))]
}
