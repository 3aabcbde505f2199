import { constants } from 'node:os'
import { PROC, readProcFile } from '../files/proc-file.js'

/** Field 52 of /proc/PID/stat, counted from `state`, which is field 3. */
const EXIT_CODE = 49

/**
 * Returns how a process ended whose parent has not waited for it yet. Until then the kernel keeps
 * the status that waitpid would return. Null when the process still runs, has been waited for, or
 * belongs to another user.
 */
export function readZombieExit(
  { pid, startTicks }: { pid: number; startTicks: number },
  proc = PROC,
): { code: number | null; signal: string | null } | null {
  const file = readProcFile(pid, 'stat', proc)
  if (file.kind !== 'read') return null
  const fields = file.text.slice(file.text.lastIndexOf(')') + 2).split(' ')
  if (fields[0] !== 'Z' || Number(fields[19]) !== startTicks) return null
  const status = Number(fields[EXIT_CODE])
  // wait(2): the lowest seven bits are the signal, 128 marks a core dump, and the code is above.
  const signal = status & 0x7f
  return signal === 0 ? { code: status >> 8, signal: null } : { code: null, signal: nameOf(signal) }
}

function nameOf(number: number): string {
  return Object.entries(constants.signals).find(([, each]) => each === number)?.[0] ?? `signal ${number}`
}
