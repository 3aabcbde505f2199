/**
 * Most different warnings that are kept: readers take in no more, and a program may cause any
 * number.
 */
const MOST_KINDS = 50

/** Warnings for every reader of a recording: each one once, with how often it came. */
export class Warnings {
  readonly #counts = new Map<string, number>()
  /** Number of warnings beyond the kinds that are kept. */
  #others = 0
  /** Rounds of which nothing could be read. */
  #missed = { rounds: 0, first: 0, last: 0 }

  add(message: string): void {
    const count = this.#counts.get(message)
    if (count === undefined && this.#counts.size === MOST_KINDS) this.#others++
    else this.#counts.set(message, (count ?? 0) + 1)
  }

  /** Notes a round whose end was reported when there was no process to read. */
  missed(round: number): void {
    const { rounds, first } = this.#missed
    this.#missed = { rounds: rounds + 1, first: rounds === 0 ? round : first, last: round }
  }

  list(): string[] {
    const { rounds, first, last } = this.#missed
    return [
      ...[...this.#counts].map(([message, count]) => (count === 1 ? message : `${message} (${count} times)`)),
      ...(this.#others === 0 ? [] : [`${this.#others} warnings of other kinds are left out.`]),
      ...(rounds === 0
        ? []
        : rounds === 1
          ? [`The end of round ${first} was reported when its processes had ended: nothing could be read of it.`]
          : [
              `The ends of ${rounds} rounds (${first} to ${last}) were reported when their processes had ended, or of processes that are not recorded: nothing could be read of them.`,
            ]),
    ]
  }
}
