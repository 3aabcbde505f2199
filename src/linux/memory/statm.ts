import { closeSync, openSync } from 'node:fs'
import { type FailedReading, failedReading, type Pid, PROC, readFromStart } from '../files/proc-file.js'
import { pageSizeBytes } from './page-size.js'

/** What became of a reading. A missing sample is not a zero. */
export type ReadingKind = 'read' | 'gone' | 'unreadable'

/** RSS of one process over and over. */
export interface Statm {
  readonly pid: Pid
  readonly descriptor: number
  /** Of the last reading that worked. */
  readonly rssBytes: number
  read(): ReadingKind
  /** Somebody else has read so many pages from the descriptor. */
  saw(pages: number): void
  close(): void
}

/**
 * Opens /proc/PID/statm and keeps it open: a reading costs 2 us, a ninth of open, read and close. The descriptor belongs
 * to the process and not to its number: once the process is gone it says so (ESRCH), even if the pid was given away.
 */
export function openStatm(pid: Pid, proc = PROC): Statm | FailedReading {
  try {
    return new OpenStatm(pid, openSync(`${proc}/${pid}/statm`, 'r'))
  } catch (error) {
    return failedReading(error)
  }
}

/** `size resident shared text lib data dt` in pages; at most seven numbers of twenty digits. */
const buffer = Buffer.alloc(160)
const SPACE = 0x20
const ZERO = 0x30

class OpenStatm implements Statm {
  rssBytes = 0
  readonly #pageSizeBytes = pageSizeBytes()

  constructor(
    readonly pid: Pid,
    readonly descriptor: number,
  ) {}

  read(): ReadingKind {
    try {
      const pages = secondNumber(readFromStart(this.descriptor, buffer))
      // A zombie shows zeros: it holds no memory any more, which is not the same as having been seen with none.
      if (pages === 0) return 'gone'
      this.saw(pages)
      return 'read'
    } catch (error) {
      return failedReading(error).kind
    }
  }

  saw(pages: number): void {
    this.rssBytes = pages * this.#pageSizeBytes
  }

  close(): void {
    closeSync(this.descriptor)
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
