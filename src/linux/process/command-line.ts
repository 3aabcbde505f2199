import { type Pid, PROC } from '../files/proc-file.js'
import { readSharedFile } from '../threads/living-thread.js'

/**
 * Returns the arguments of a process. Empty for a kernel thread or a zombie, null where they cannot
 * be read.
 */
export function readCommandLine(pid: Pid, proc = PROC): string[] | null {
  const file = readSharedFile(pid, 'cmdline', proc)
  if (file.kind !== 'read') return null
  return file.text === '' ? [] : file.text.replace(/\0$/, '').split('\0')
}
