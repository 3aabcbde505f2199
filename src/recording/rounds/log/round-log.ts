import { RoundCounter } from '../round-counter.js'
import type { Moment, RoundLogEvent } from './round-log-event.js'
import { LogLines } from './round-log-lines.js'
import { wordOf } from './round-log-patterns.js'
import { readTimeStamp } from './round-log-time-stamp.js'
import type { RoundPattern } from './round-pattern.js'

export interface RoundLogOptions {
  /**
   * True if the log was written earlier and is read again: its own time stamps hold, however old
   * they are.
   */
  isOld?: boolean
  /** Counter of a program with several streams, which share their rounds. */
  counter?: RoundCounter
  /** Receives all lines, whether they concern rounds or not, before they are read. */
  onLines?: (lines: readonly string[]) => void
}

/**
 * Credible range of a time stamp before the arrival of its line. An earlier one means another time
 * zone or clock rather than a slow pipe; one slightly later is due to rounding.
 */
const EARLIEST_BEFORE_ARRIVAL_MS = 60_000
const LATEST_AFTER_ARRIVAL_MS = 1000

/**
 * Finds rounds in the output of a program. Bytes go in as they arrive, in pieces of any size, even
 * in the middle of a character; events come out. Colours are removed, and a title on its own line
 * takes the time stamp of the line above.
 */
export class RoundLog {
  readonly #pattern: RoundPattern
  readonly #isOld: boolean
  readonly #lines = new LogLines()
  readonly #counter: RoundCounter
  readonly #onLines: RoundLogOptions['onLines']
  /** Newest time stamp, for the following lines that have none. */
  #stampMs: number | null = null

  constructor(
    pattern: RoundPattern,
    { isOld = false, counter = new RoundCounter(pattern), onLines }: RoundLogOptions = {},
  ) {
    this.#pattern = pattern
    this.#isOld = isOld
    this.#counter = counter
    this.#onLines = onLines
  }

  write(chunk: Uint8Array | string, arrivedMs: number): RoundLogEvent[] {
    return this.#readAll(this.#lines.write(chunk), arrivedMs)
  }

  /**
   * Handles the end of the output: reads a last line without a newline. An open round stays open.
   */
  end(arrivedMs: number): RoundLogEvent[] {
    return this.#readAll(this.#lines.end(), arrivedMs)
  }

  #readAll(lines: readonly string[], arrivedMs: number): RoundLogEvent[] {
    this.#onLines?.(lines)
    const events: RoundLogEvent[] = []
    const carriesOver = this.#pattern.stampsCarryOver
    for (const line of lines) {
      if (carriesOver) this.#stampMs = readTimeStamp(line) ?? this.#stampMs
      const word = wordOf(this.#pattern, line)
      if (word === null) continue
      const when = () => this.#when(carriesOver ? this.#stampMs : readTimeStamp(line), arrivedMs)
      const news = this.#counter.take(word, when)
      if (news.length > 0) events.push(...news)
    }
    return events
  }

  #when(stampMs: number | null, arrivedMs: number): Moment {
    return { timeMs: this.#isCredible(stampMs, arrivedMs) ? stampMs : arrivedMs, arrivedMs }
  }

  #isCredible(stampMs: number | null, arrivedMs: number): stampMs is number {
    if (stampMs === null) return false
    if (this.#isOld) return true
    return stampMs >= arrivedMs - EARLIEST_BEFORE_ARRIVAL_MS && stampMs <= arrivedMs + LATEST_AFTER_ARRIVAL_MS
  }
}
