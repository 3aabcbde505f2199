import { constants } from 'node:os'
import { PROC, readProcFile } from '../files/proc-file.js'

/** Field 52 of /proc/PID/stat, counted from `state`, which is field 3. */
const EXIT_CODE = 49

/**
 * How a process ended that its parent has not asked after yet: until then the kernel keeps its status, as waitpid would give
 * it. Null when it still runs, has been asked after, or belongs to another user.
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
  // wait(2): the signal in the lowest seven bits, 128 for a core dump, the code above.
  const signal = status & 0x7f
  return signal === 0 ? { code: status >> 8, signal: null } : { code: null, signal: nameOf(signal) }
}

function nameOf(number: number): string {
  return Object.entries(constants.signals).find(([, each]) => each === number)?.[0] ?? `signal ${number}`
}
