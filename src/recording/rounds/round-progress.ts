/** Tells in which round each process was when it ended. */
export class RoundProgress {
  /**
   * The last round of each process whose end was read while it ran, or the newest one when it
   * ended.
   */
  readonly #lastRound = new Map<number, number>()
  #newestRound: number | undefined

  /** @param pids the processes that were read at the end of the round */
  roundEnded(round: number, pids: readonly number[]): void {
    this.#newestRound = round
    for (const pid of pids) this.#lastRound.set(pid, round)
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
