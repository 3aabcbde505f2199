import { type Pid, PROC, readProcFile } from '../files/proc-file.js'
import { livingThread } from '../threads/living-thread.js'

/** Field 28 of /proc/PID/stat, counted from `state`, which is field 3. */
const STACK_START = 25

/**
 * Returns the address at which a process's stack begins. It is random and stays the same as long as
 * the program does. Another address therefore means that the process has executed another program
 * (`exec`), even one of the same name, and that its peak has started over. Null where it cannot be
 * read: the process is gone, or another user's.
 */
export function readStackStart(pid: Pid, proc = PROC): number | null {
  const file = readProcFile(livingThread(pid, proc) ?? pid, 'stat', proc)
  if (file.kind !== 'read') return null
  const field = file.text.slice(file.text.lastIndexOf(')') + 2).split(' ', STACK_START + 1)[STACK_START]
  // The kernel shows zero or one in place of what it hides.
  return field === undefined || Number(field) <= 1 ? null : Number(field)
}
