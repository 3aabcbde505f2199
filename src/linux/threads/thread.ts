import { PROC, readProcFile } from '../files/proc-file.js'

/**
 * Returns whether a number is a thread's: /proc/TID opens for threads too, though a listing of
 * /proc leaves them out.
 */
export function isThread(pid: number, proc = PROC): boolean {
  const file = readProcFile(pid, 'status', proc)
  if (file.kind !== 'read') return false
  return Number(/^Tgid:\s+(\d+)$/m.exec(file.text)?.[1]) !== pid
}
