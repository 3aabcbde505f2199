import { closeSync, openSync } from 'node:fs'
import { failedReading, PROC, readFromStart } from '../files/proc-file.js'

/**
 * Size of the buffer for a line such as `0.20 0.18 0.12 1/80 11206`: three load averages, running
 * and all tasks, and the newest pid of this PID namespace.
 */
const LONGEST_LINE = 128
const [ZERO, NINE] = [0x30, 0x39]

export interface LastPid {
  readonly descriptor: number
  read(): number | null
  close(): void
}

/**
 * Opens /proc/loadavg and keeps it open, to read the pid that was handed out last. It takes 2 us to
 * learn that no process or thread has started since. Null where the file cannot be opened.
 */
export function openLastPid(proc = PROC): LastPid | null {
  let descriptor: number
  try {
    descriptor = openSync(`${proc}/loadavg`, 'r')
  } catch (error) {
    failedReading(error) // rethrows anything but a failed system call
    return null
  }
  const line = Buffer.alloc(LONGEST_LINE)
  return {
    descriptor,
    read: () => lastNumber(line, readFromStart(descriptor, line)),
    close: () => closeSync(descriptor),
  }
}

/** Parses the digits before the newline, from their end. Null where there are none. */
function lastNumber(line: Buffer, length: number): number | null {
  let value = 0
  let place = 1
  for (let at = length - 2; at >= 0 && line[at]! >= ZERO && line[at]! <= NINE; at--) {
    value += (line[at]! - ZERO) * place
    place *= 10
  }
  return place === 1 ? null : value
}
