import { PROC } from '../files/proc-file.js'
import { readSharedFile } from '../threads/living-thread.js'
import { listPids } from './process-list.js'

/**
 * Returns whether a process was started with `name=value` in its environment. The kernel shows the
 * environment of the last exec, which children inherit, so a process is recognised as ours even
 * after its parents have died. A process that empties its environment and then executes another
 * program escapes. Undefined where the environment cannot be read: the process is gone, another
 * user's, or in the middle of an exec, when it reads as empty.
 */
export function carriesVariable(pid: number, assignment: `${string}=${string}`, proc = PROC): boolean | undefined {
  const file = readSharedFile(pid, 'environ', proc)
  if (file.kind !== 'read' || file.text === '') return undefined
  return file.text.split('\0').includes(assignment)
}

/**
 * Returns the value of a variable that a process was started with. Null where it has none, or may
 * not be read.
 */
export function readVariable(pid: number, name: string, proc = PROC): string | null {
  const file = readSharedFile(pid, 'environ', proc)
  if (file.kind !== 'read') return null
  const assignment = file.text.split('\0').find((each) => each.startsWith(`${name}=`))
  return assignment?.slice(name.length + 1) ?? null
}

/** Returns the pids of all processes that carry the variable. */
export function carriers(assignment: `${string}=${string}`, proc = PROC): number[] {
  return listPids(proc).filter((pid) => carriesVariable(pid, assignment, proc) === true)
}
