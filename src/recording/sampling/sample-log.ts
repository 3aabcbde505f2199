import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs'
import { writeAllSync } from '../../shared/atomic-write.js'
import { PLAN } from './native/struct-layout.js'

/**
 * Longest time that a sample waits to be written. Up to four samples a second are written one by
 * one; at higher rates those of this time share a write, because with cold processor caches a write
 * costs half of everything else in a sample. A killed recorder loses no more than this.
 */
const LONGEST_DELAY_MS = 250
/** Size of the buffer. It is written when half full; the other half is for the next line. */
const LARGEST_BUFFER = 65_536
/** Longest time and longest reading in bytes: `[1795477241411.59` and `,4194304,1099511627776`. */
const LONGEST_TIME = 20
const LONGEST_READING = 26
const [OPEN, CLOSE, COMMA, POINT, NEWLINE, ZERO] = [0x5b, 0x5d, 0x2c, 0x2e, 0x0a, 0x30] as const

/**
 * Appends samples to `samples.ndjson`: one JSON array a line, `[timeMs, pid, rssBytes, pid,
 * rssBytes, ...]`. Digits go straight into one buffer, without strings or garbage. What waits to be
 * written is bounded; a slow disk delays the next sample and does not fill the memory.
 */
export class SampleLog {
  readonly #descriptor: number
  #pending = Buffer.alloc(LARGEST_BUFFER)
  #end = 0
  #timeMs = 0
  #flushedMs = 0
  /** Offset of the current line. */
  #start = 0
  /** Bytes of whole lines in the file. */
  #length = 0

  /** @throws the system's error when the file cannot be made */
  constructor(file: string) {
    this.#descriptor = openSync(file, 'w')
  }

  /** Begins a line. */
  begin(timeMs: number): void {
    this.#timeMs = timeMs
    this.#start = this.#end
    this.#makeRoom(LONGEST_TIME)
    const hundredths = Math.round(timeMs * 100)
    const whole = Math.floor(hundredths / 100)
    this.#pending[this.#end++] = OPEN
    this.#number(whole)
    this.#pending[this.#end++] = POINT
    const rest = hundredths - whole * 100
    if (rest < 10) this.#pending[this.#end++] = ZERO
    this.#number(rest)
  }

  reading(pid: number, rssBytes: number): void {
    this.#makeRoom(LONGEST_READING)
    this.#pending[this.#end++] = COMMA
    this.#number(pid)
    this.#pending[this.#end++] = COMMA
    this.#number(rssBytes)
  }

  /** Drops the line because it has no readings. */
  dropLine(): void {
    this.#end = this.#start
  }

  /**
   * Ends the line.
   * @throws the system's error when the disk is full; the file then ends with its last whole line
   */
  end(): void {
    this.#pending[this.#end++] = CLOSE
    this.#pending[this.#end++] = NEWLINE
    if (this.#timeMs - this.#flushedMs >= LONGEST_DELAY_MS || this.#end >= LARGEST_BUFFER / 2) this.flush(this.#timeMs)
  }

  flush(timeMs: number): void {
    const length = this.#end
    this.#end = 0
    this.#flushedMs = timeMs
    try {
      writeAllSync(this.#descriptor, this.#pending.subarray(0, length), null)
    } catch (error) {
      this.#length += this.#wholeLines(fstatSync(this.#descriptor).size - this.#length)
      ftruncateSync(this.#descriptor, this.#length)
      throw error
    }
    this.#length += length
  }

  /** Lends file and buffer to the native loop, which appends as `end` does. */
  exportState(plan: Float64Array): Buffer {
    plan[PLAN.log] = this.#descriptor
    plan[PLAN.flushedMs] = this.#flushedMs
    plan[PLAN.delayMs] = LONGEST_DELAY_MS
    plan[PLAN.written] = 0
    plan[PLAN.pending] = this.#end
    return this.#pending
  }

  /**
   * Takes back the state. Lines that the loop could not write, as on a full disk, wait like delayed
   * ones.
   */
  importState(plan: Float64Array): void {
    this.#length += plan[PLAN.written]!
    this.#flushedMs = plan[PLAN.flushedMs]!
    this.#end = plan[PLAN.pending]!
  }

  /** Returns the bytes of whole lines within the first `written` pending bytes. */
  #wholeLines(written: number): number {
    return written === 0 ? 0 : this.#pending.lastIndexOf(NEWLINE, written - 1) + 1
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  /**
   * Makes room in the buffer. Only a line of more than a thousand processes exceeds its initial
   * size.
   */
  #makeRoom(bytes: number): void {
    if (this.#end + bytes + 2 <= this.#pending.length) return
    this.#pending = Buffer.concat([this.#pending, Buffer.alloc(this.#pending.length)])
  }

  /** Appends a whole number up to 2^53, in two halves because 32-bit integers are fast. */
  #number(value: number): void {
    if (value >= HALF) {
      const high = Math.floor(value / HALF)
      this.#number(high)
      this.#digits(value - high * HALF, HALF_DIGITS)
    } else this.#digits(value, value < 10 ? 1 : digitsOf(value))
  }

  #digits(value: number, count: number): void {
    let left = value
    for (let at = this.#end + count - 1; at >= this.#end; at--) {
      const tenth = Math.trunc(left / 10)
      this.#pending[at] = ZERO + left - tenth * 10
      left = tenth
    }
    this.#end += count
  }
}

const HALF = 100_000_000
const HALF_DIGITS = 8

function digitsOf(value: number): number {
  let count = 1
  for (let bound = 10; bound <= value; bound *= 10) count++
  return count
}
