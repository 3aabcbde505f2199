import { closeSync, openSync, readSync } from 'node:fs'
import { pageSizeBytes } from './page-size.js'
import { failedReading, PROC } from './proc-file.js'

/** RSS of one process at one moment. A missing sample is not a zero. */
export type ProcessReading =
  | { kind: 'read'; pid: number; rssBytes: number }
  | { kind: 'gone'; pid: number }
  | { kind: 'unreadable'; pid: number; code: string }

/** RSS of one process over and over. */
export interface Statm {
  readonly pid: number
  read(): ProcessReading
  close(): void
}

/**
 * Opens /proc/PID/statm and keeps it open: a reading costs 2 us, a ninth of open, read and close. The descriptor belongs
 * to the process and not to its number: once the process is gone it says so (ESRCH), even if the pid was given away.
 */
export function openStatm(pid: number, proc = PROC): Statm | Exclude<ProcessReading, { kind: 'read' }> {
  try {
    return new OpenStatm(pid, openSync(`${proc}/${pid}/statm`, 'r'))
  } catch (error) {
    return { ...failedReading(error), pid }
  }
}

/** `size resident shared text lib data dt` in pages; at most seven numbers of twenty digits. */
const buffer = Buffer.alloc(160)
const SPACE = 0x20
const ZERO = 0x30

class OpenStatm implements Statm {
  readonly #descriptor: number
  readonly #pageSizeBytes = pageSizeBytes()

  constructor(
    readonly pid: number,
    descriptor: number,
  ) {
    this.#descriptor = descriptor
  }

  read(): ProcessReading {
    try {
      const length = readSync(this.#descriptor, buffer, 0, buffer.length, 0)
      const pages = secondNumber(length)
      // A zombie shows zeros: it holds no memory any more, which is not the same as having been seen with none.
      if (pages === 0) return { kind: 'gone', pid: this.pid }
      return { kind: 'read', pid: this.pid, rssBytes: pages * this.#pageSizeBytes }
    } catch (error) {
      return { ...failedReading(error), pid: this.pid }
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** Digit by digit: no string and no garbage a thousand times a second. */
function secondNumber(length: number): number {
  let at = 0
  while (at < length && buffer[at] !== SPACE) at++
  let value = 0
  for (at++; at < length && buffer[at] !== SPACE; at++) value = value * 10 + buffer[at]! - ZERO
  return value
}
