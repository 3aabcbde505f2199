import { closeSync, openSync } from 'node:fs'
import { type FailedReading, failedReading, type Pid, PROC, readFromStart, readProcFile } from '../files/proc-file.js'
import { pageSizeBytes } from './page-size.js'

/** Result of a reading. A missing sample is not a zero. */
export type ReadingKind = 'read' | 'gone' | 'unreadable'

/** A reader of the RSS of one process, for repeated use. */
export interface Statm {
  readonly pid: Pid
  readonly descriptor: number
  /** RSS of the last reading that worked. */
  readonly rssBytes: number
  read(): ReadingKind
  /** Sets `rssBytes` from a reading of this descriptor, in pages, that other code has made. */
  saw(pages: number): void
  close(): void
}

/**
 * Opens /proc/PID/statm and keeps it open: a reading costs 2 us, a ninth of open, read and close.
 * The descriptor belongs to the process and not to its number. Once the process is gone, reading
 * fails (ESRCH), even if the pid is in use again.
 */
export function openStatm(pid: Pid, proc = PROC): Statm | FailedReading {
  try {
    return new OpenStatm(pid, openSync(`${proc}/${pid}/statm`, 'r'))
  } catch (error) {
    return failedReading(error)
  }
}

/** Reads the RSS of a process once; null where it cannot be read. */
export function readRss(pid: Pid, proc = PROC): number | null {
  const file = readProcFile(pid, 'statm', proc)
  return file.kind === 'read' ? Number(file.text.split(' ', 2)[1]) * pageSizeBytes() : null
}

/**
 * Buffer for `size resident shared text lib data dt` in pages: at most seven numbers of twenty
 * digits.
 */
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
      // A zombie shows zeros: it no longer holds memory, which differs from a reading of zero.
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

/**
 * Parses the second number digit by digit, so that a thousand readings a second create no strings
 * and no garbage.
 */
function secondNumber(length: number): number {
  let at = 0
  while (at < length && buffer[at] !== SPACE) at++
  let value = 0
  for (at++; at < length && buffer[at] !== SPACE; at++) value = value * 10 + buffer[at]! - ZERO
  return value
}
