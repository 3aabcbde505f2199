import { closeSync, openSync, readSync } from 'node:fs'
import { failedReading, PROC } from './proc-file.js'

/** `0.20 0.18 0.12 1/80 11206`: three loads, running and all tasks, and the newest pid of this pid namespace. */
const LONGEST_LINE = 128

/**
 * The pid that was handed out last, from a kept-open /proc/loadavg: 2 us to learn that no process or thread has been
 * started since. Null where the file cannot be opened.
 */
export function openNewestPid(proc = PROC): { read(): number | null; close(): void } | null {
  let descriptor: number
  try {
    descriptor = openSync(`${proc}/loadavg`, 'r')
  } catch (error) {
    failedReading(error) // throws what is no failed system call
    return null
  }
  const line = Buffer.alloc(LONGEST_LINE)
  return {
    read: () => {
      const match = / (\d+)\n$/.exec(line.toString('latin1', 0, readSync(descriptor, line, 0, line.length, 0)))
      return match === null ? null : Number(match[1])
    },
    close: () => closeSync(descriptor),
  }
}
