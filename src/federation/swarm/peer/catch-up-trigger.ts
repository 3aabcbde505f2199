import type { Socket } from 'node:net'
import type { Condition } from '../../async/condition.js'
import type { SwarmEvent } from '../consensus/events.js'
import type { SwarmState } from '../consensus/state.js'

export interface CatchUpContext {
  changes: Condition
  state: () => Pick<SwarmState, 'round' | 'confirmed'>
  hear: (event: SwarmEvent) => void
}

/**
 * How long a commit may take after its weights, or after the last byte of the connection that
 * brings them.
 */
const COMMIT_MS = 1000

/**
 * Decides when to fetch a newer round's weights. Word of it overtakes its commit: a majority may
 * have confirmed and work on the next round while the same weights still arrive here. Fetching them
 * then would move them twice, so it waits until no more bytes come.
 */
export class CatchUpTrigger {
  /** The connection by which a proposal of this round arrives. */
  arriving: Pick<Socket, 'bytesRead'> | undefined
  readonly #context: CatchUpContext
  readonly #closed = new AbortController()
  #isWaiting = false

  constructor(context: CatchUpContext) {
    this.#context = context
  }

  async hear({ from, round }: { from: string; round: number }): Promise<void> {
    const { changes, state, hear } = this.#context
    if (round <= state().round || this.#isWaiting) return
    this.#isWaiting = true
    const isOver = () => state().round >= round || undefined
    const wait = { deadlineMs: COMMIT_MS, signal: this.#closed.signal }
    try {
      for (let [seen, now] = [-1, this.#expected(round)]; now > seen; [seen, now] = [now, this.#expected(round)])
        if (await changes.waitFor(isOver, wait)) return
    } catch {
      // The peer has ended.
      return
    } finally {
      this.#isWaiting = false
    }
    hear({ type: 'news', from, round })
  }

  close(): void {
    this.#closed.abort()
  }

  /**
   * Returns how much of the expected commit has arrived; it grows while weights arrive and is -1
   * when none are on the way.
   */
  #expected(round: number): number {
    const { round: own, confirmed } = this.#context.state()
    if (round !== own + 1) return -1
    return this.arriving?.bytesRead ?? (confirmed === null ? -1 : 0)
  }
}
