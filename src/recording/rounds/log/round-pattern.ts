/** How a program's log tells of its rounds. */
export interface RoundPattern {
  /** The first one that stands in a line counts. */
  readonly words: readonly { kind: RoundWord['kind']; pattern: RegExp }[]
  /** The number of the first round; null: 0 when the first number seen is 0, else 1. */
  readonly firstNumber: 0 | 1 | null
  /** A line without a time stamp belongs to the stamped line above it, as in a boxed title. */
  readonly stampsCarryOver: boolean
  /** Lines without a time stamp come by way of another process, some tenths of a second late. */
  readonly isPassedOn?: boolean
  /** The first number again, after others, is the next round of a process that does its job again: rounds count on. */
  readonly countsOn: boolean
}

/** A line that says something of rounds; `number` as the program counts, null where its lines have none and are counted. */
export type RoundWord =
  | { kind: 'round-start' | 'round-end'; number: number | null }
  | { kind: 'results'; received: number; failed: number }
  /** `first-round`: stands in lines of every round, and begins one only where none was begun yet. */
  | { kind: 'first-round' | 'cleanup' | 'finished' }
