/** How a program's log reports its rounds. */
export interface RoundPattern {
  /** Words to search for; the first match in a line counts. */
  readonly words: readonly { kind: RoundWord['kind']; pattern: RegExp }[]
  /** Number of the first round; null: 0 if the first number seen is 0, else 1. */
  readonly firstNumber: 0 | 1 | null
  /**
   * True if a line without a time stamp belongs to the stamped line above it, as in a boxed title.
   */
  readonly stampsCarryOver: boolean
  /**
   * True if lines without a time stamp come through another process, some tenths of a second late.
   */
  readonly isPassedOn?: boolean
  /**
   * True if a process repeats its job: when the first number reappears after others, counting
   * continues.
   */
  readonly countsOn: boolean
}

/**
 * A line that concerns rounds. `number` is the program's own count; null if its lines have none and
 * are counted.
 */
export type RoundWord =
  | { kind: 'round-start' | 'round-end'; number: number | null }
  | { kind: 'results'; received: number; failed: number }
  /** `first-round`: occurs in lines of every round, and begins one only if none has begun yet. */
  | { kind: 'first-round' | 'cleanup' | 'finished' }
