/** Tells in which round each process was when it ended. */
export class RoundProgress {
  /**
   * The last round that each process has ended. For one that ended before that was read, the newest
   * round by then.
   */
  readonly #lastRound = new Map<number, number>()
  #newestRound: number | undefined

  /** @param pids the processes that were read at the end of the round, or that reported it */
  roundEnded(round: number, pids: readonly number[]): void {
    this.#newestRound = round
    for (const pid of pids) this.#lastRound.set(pid, round)
  }

  /**
   * Handles a round of which no process is left: it was ended by those that were in the newest
   * round until then.
   */
  roundUnread(round: number): void {
    const newest = this.#newestRound
    this.roundEnded(
      round,
      [...this.#lastRound].flatMap(([pid, last]) => (last === newest ? [pid] : [])),
    )
  }

  /** Handles the end of a process, which may have come before the end of its first round. */
  ended(pid: number): void {
    if (!this.#lastRound.has(pid) && this.#newestRound !== undefined) this.#lastRound.set(pid, this.#newestRound)
  }

  /** Returns the round in which a process ended; undefined if no round had ended by then. */
  roundOf(pid: number): number | undefined {
    const last = this.#lastRound.get(pid)
    return last === undefined ? undefined : last + 1
  }
}
