import { readFileSync } from 'node:fs'

/** Load average of the last minute, which is what disturbs times. */
export function readLoad(): { timeMs: number; load: number } {
  return { timeMs: Date.now(), load: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]) }
}
