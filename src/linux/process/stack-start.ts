import { type Pid, PROC, readProcFile } from '../files/proc-file.js'
import { livingThread } from '../threads/living-thread.js'

/** Field 28 of /proc/PID/stat, counted from `state`, which is field 3. */
const STACK_START = 25

/**
 * The address at which a process's stack begins. It is random and lasts as long as the program does, so another one means
 * that the process has become another program (`exec`), also one of the same name; its peak then began anew. Null where it
 * cannot be read: gone, or another user's.
 */
export function readStackStart(pid: Pid, proc = PROC): number | null {
  const file = readProcFile(livingThread(pid, proc) ?? pid, 'stat', proc)
  if (file.kind !== 'read') return null
  const field = file.text.slice(file.text.lastIndexOf(')') + 2).split(' ', STACK_START + 1)[STACK_START]
  // Zero and one stand for what the kernel does not show.
  return field === undefined || Number(field) <= 1 ? null : Number(field)
}
