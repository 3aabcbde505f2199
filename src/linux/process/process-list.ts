import { readdirSync } from 'node:fs'
import { PROC } from '../files/proc-file.js'

/**
 * Returns the pids of all processes, in no order. It lists the folder and opens nothing: about 0.1
 * ms for a hundred.
 */
export function listPids(proc = PROC): number[] {
  const pids: number[] = []
  for (const entry of readdirSync(proc)) {
    const first = entry.charCodeAt(0)
    if (first >= 0x31 && first <= 0x39) pids.push(Number(entry))
  }
  return pids
}
