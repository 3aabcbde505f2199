import type { ReadMoment, RoundLogEvent } from './log/round-log-event.js'
import type { RoundPattern, RoundWord } from './log/round-pattern.js'

/**
 * Turns the words of one program's logs, from all its streams, into rounds: which one is open, its
 * number, and what ends it.
 */
export class RoundCounter {
  readonly #countsOn: boolean
  #openRound: number | null = null
  #lastRound: number | null = null
  #cleanedRound: number | null = null
  #firstNumber: number | null
  /** Rounds of earlier jobs, in a process that repeats its job. */
  #roundsBefore = 0

  constructor({ firstNumber, countsOn }: Pick<RoundPattern, 'firstNumber' | 'countsOn'>) {
    this.#firstNumber = firstNumber
    this.#countsOn = countsOn
  }

  take(word: RoundWord, at: ReadMoment): RoundLogEvent[] {
    switch (word.kind) {
      case 'round-start':
        return this.#start(word.number, at)
      case 'round-end':
        return this.#end(word.number, at)
      case 'first-round':
        return this.#lastRound === null ? this.#start(this.#firstNumber, at) : []
      case 'finished':
        return this.#finish(at)
      case 'results':
        return this.#openRound === null ? [] : [{ ...word, round: this.#openRound, ...at() }]
      case 'cleanup':
        return this.#clean(at)
    }
  }

  /** Ends the open round, since the program has ended. */
  close(at: ReadMoment): RoundLogEvent[] {
    return this.#close(at, true)
  }

  #start(number: number | null, at: ReadMoment): RoundLogEvent[] {
    const round = this.#roundOf(number)
    // A progress bar repeats its round with every step, and so does each client of a swarm.
    if (round === this.#openRound || (number !== null && round === this.#lastRound)) return []
    const events = [...this.#anomalies(round, at), ...this.#close(at, false)]
    this.#openRound = this.#lastRound = round
    return [...events, { kind: 'round-start', round, ...at() }]
  }

  #end(number: number | null, at: ReadMoment): RoundLogEvent[] {
    // Without a number this ends the open round, or counts as the next one if the log has only
    // ends.
    if (number === null && this.#openRound !== null) return this.#close(at, false)
    const round = this.#roundOf(number)
    if (this.#openRound === null && round === this.#lastRound) return []
    const events = round === this.#openRound ? [] : this.#anomalies(round, at)
    this.#openRound = null
    this.#lastRound = round
    return [...events, { kind: 'round-end', round, isLast: false, ...at() }]
  }

  #clean(at: ReadMoment): RoundLogEvent[] {
    const round = this.#openRound
    if (round === null || this.#cleanedRound === round) return []
    this.#cleanedRound = round
    return [{ kind: 'cleanup', round, ...at() }]
  }

  #finish(at: ReadMoment): RoundLogEvent[] {
    const events = this.#close(at, true)
    this.#lastRound = null // another job may follow in the same process, from its first round
    this.#cleanedRound = null
    this.#roundsBefore = 0
    return [...events, { kind: 'finished', ...at() }]
  }

  /**
   * Ends the open round. Most programs report when a round begins but not when it ends, so the next
   * one ends it.
   */
  #close(at: ReadMoment, isLast: boolean): RoundLogEvent[] {
    const round = this.#openRound
    this.#openRound = null
    return round === null ? [] : [{ kind: 'round-end', round, isLast, ...at() }]
  }

  #anomalies(round: number, at: ReadMoment): RoundLogEvent[] {
    const last = this.#lastRound
    if (last === null || round === last + 1) return []
    const message = `round ${round} followed round ${last}${round > last ? `: ${missing(last + 1, round - 1)} not seen` : ''}`
    return [{ kind: 'anomaly', message, ...at() }]
  }

  #roundOf(number: number | null): number {
    const last = this.#lastRound
    if (number === null) return (last ?? 0) + 1
    // If the pattern does not say whether the program counts from 0 or 1, its first number decides.
    this.#firstNumber ??= number === 0 ? 0 : 1
    const round = number + 1 - this.#firstNumber
    if (this.#countsOn && round === 1 && last !== null && last > this.#roundsBefore + 1) this.#roundsBefore = last
    return this.#roundsBefore + round
  }
}

function missing(from: number, to: number): string {
  return from === to ? `round ${from} was` : `rounds ${from} to ${to} were`
}
