import type { Socket } from 'node:net'
import type { Condition } from '../../async/condition.js'
import type { SwarmEvent } from '../consensus/events.js'
import type { SwarmState } from '../consensus/state.js'

export interface CatchUpContext {
  changes: Condition
  state: () => Pick<SwarmState, 'round' | 'confirmed'>
  hear: (event: SwarmEvent) => void
}

/** How long a commit may take to come after the weights of it, or after a sign of life of the connection that brings them. */
const COMMIT_MS = 1000

/**
 * News of a newer round. They overtake the commit that made it: a majority of the others may have confirmed, and be at work
 * on the next round, while the same weights still come in here. To fetch them meanwhile would move them twice; that is done
 * only when nothing comes any more.
 */
export class CatchUpTrigger {
  /** The connection that a proposal of this round comes in on, while it does. */
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
      // The peer is at its end.
      return
    } finally {
      this.#isWaiting = false
    }
    hear({ type: 'news', from, round })
  }

  close(): void {
    this.#closed.abort()
  }

  /** What has come of the commit that led to this round: grows while weights do; -1 where none is on its way. */
  #expected(round: number): number {
    const { round: own, confirmed } = this.#context.state()
    if (round !== own + 1) return -1
    return this.arriving?.bytesRead ?? (confirmed === null ? -1 : 0)
  }
}
