import { LogLines } from './round-log-lines.js'
import { type RoundPattern, type RoundWord, wordOf } from './round-log-patterns.js'
import { readTimeStamp } from './round-log-time-stamp.js'

/** What a line of a log says about rounds. Rounds count from 1, whatever the program counts from. */
export type RoundLogEvent =
  | (Moment & { kind: 'round-start' | 'round-end'; round: number })
  /** The first word of a cleanup in this round. What it gives back is gone some milliseconds later, not yet. */
  | (Moment & { kind: 'cleanup'; round: number })
  /** Results have arrived and are about to be aggregated. */
  | (Moment & { kind: 'results'; round: number; received: number; failed: number })
  | (Moment & { kind: 'finished' })
  /** The count of rounds is not what it should be; `message` is a sentence for the recording's warnings. */
  | (Moment & { kind: 'anomaly'; message: string })

export interface Moment {
  /** Unix ms: by the log's own time stamp where that can be believed, else when the line arrived. */
  timeMs: number
  /** Unix ms at which the bytes came. Memory that is read because of this event is of this moment. */
  arrivedMs: number
}

export interface RoundLogOptions {
  /** The log was written earlier and is read again: its own time stamps hold, however old they are. */
  isOld?: boolean
}

/**
 * A time stamp is believed when it lies this far before the arrival at most. More than that is another time zone or clock
 * rather than a slow pipe; a little after it is rounding.
 */
const EARLIEST_BEFORE_ARRIVAL_MS = 60_000
const LATEST_AFTER_ARRIVAL_MS = 1000

/**
 * Finds rounds in the output of a program. Bytes go in as they arrive, in pieces of any size, also in the middle of a
 * character; events come out. Colours are removed, and a title on its own line takes the time stamp of the line above.
 */
export class RoundLog {
  readonly #pattern: RoundPattern
  readonly #isOld: boolean
  readonly #lines = new LogLines()
  /** The newest time stamp, for the lines below it that have none. */
  #stampMs: number | null = null
  #openRound: number | null = null
  #lastRound: number | null = null
  #cleanedRound: number | null = null
  #firstNumber: number | null

  constructor(pattern: RoundPattern, { isOld = false }: RoundLogOptions = {}) {
    this.#pattern = pattern
    this.#isOld = isOld
    this.#firstNumber = pattern.firstNumber
  }

  write(chunk: Uint8Array | string, arrivedMs: number): RoundLogEvent[] {
    return this.#lines.write(chunk).flatMap((line) => this.#read(line, arrivedMs))
  }

  /** The output has ended; a last line without its newline is read. A round that is open stays open. */
  end(arrivedMs: number): RoundLogEvent[] {
    return this.#lines.end().flatMap((line) => this.#read(line, arrivedMs))
  }

  #read(line: string, arrivedMs: number): RoundLogEvent[] {
    const ownMs = readTimeStamp(line)
    if (ownMs !== null) this.#stampMs = ownMs
    const word = wordOf(this.#pattern, line)
    if (word === null) return []
    const stampMs = this.#pattern.stampsCarryOver ? this.#stampMs : ownMs
    const at = { timeMs: this.#isCredible(stampMs, arrivedMs) ? stampMs : arrivedMs, arrivedMs }
    return this.#eventsOf(word, at)
  }

  #isCredible(stampMs: number | null, arrivedMs: number): stampMs is number {
    if (stampMs === null) return false
    if (this.#isOld) return true
    return stampMs >= arrivedMs - EARLIEST_BEFORE_ARRIVAL_MS && stampMs <= arrivedMs + LATEST_AFTER_ARRIVAL_MS
  }

  #eventsOf(word: RoundWord, at: Moment): RoundLogEvent[] {
    if (word.kind === 'round-start') return this.#start(this.#fromOne(word.number), at)
    if (word.kind === 'round-end') return this.#end(this.#fromOne(word.number), at)
    if (word.kind === 'finished') return this.#finish(at)
    const round = this.#openRound
    if (round === null) return []
    if (word.kind === 'results') return [{ ...word, round, ...at }]
    if (this.#cleanedRound === round) return []
    this.#cleanedRound = round
    return [{ kind: 'cleanup', round, ...at }]
  }

  #start(round: number, at: Moment): RoundLogEvent[] {
    if (round === this.#openRound) return [{ kind: 'anomaly', message: `round ${round} began twice`, ...at }]
    const events = [...this.#anomalies(round, at), ...this.#close(at)]
    this.#openRound = this.#lastRound = round
    return [...events, { kind: 'round-start', round, ...at }]
  }

  #end(round: number, at: Moment): RoundLogEvent[] {
    if (this.#openRound === null && round === this.#lastRound)
      return [{ kind: 'anomaly', message: `round ${round} ended twice`, ...at }]
    const events = round === this.#openRound ? [] : this.#anomalies(round, at)
    this.#openRound = null
    this.#lastRound = round
    return [...events, { kind: 'round-end', round, ...at }]
  }

  #finish(at: Moment): RoundLogEvent[] {
    const events = this.#close(at)
    this.#lastRound = null // another job may follow in the same process, from its first round
    this.#cleanedRound = null
    return [...events, { kind: 'finished', ...at }]
  }

  /** Most programs say when a round begins and not when it ends: the next one ends it. */
  #close(at: Moment): RoundLogEvent[] {
    const round = this.#openRound
    this.#openRound = null
    return round === null ? [] : [{ kind: 'round-end', round, ...at }]
  }

  #anomalies(round: number, at: Moment): RoundLogEvent[] {
    const last = this.#lastRound
    if (last === null || round === last + 1) return []
    const message = `round ${round} followed round ${last}${round > last ? `: ${missing(last + 1, round - 1)} not seen` : ''}`
    return [{ kind: 'anomaly', message, ...at }]
  }

  /** Where the pattern does not tell whether the program counts from 0 or 1, its first number does. */
  #fromOne(number: number): number {
    this.#firstNumber ??= number === 0 ? 0 : 1
    return number + 1 - this.#firstNumber
  }
}

function missing(from: number, to: number): string {
  return from === to ? `round ${from} was` : `rounds ${from} to ${to} were`
}
