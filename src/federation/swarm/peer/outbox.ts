import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, systemErrorCode } from '../../../shared/errors.js'
import { anySignal } from '../../async/any-signal.js'
import { type Condition, MAX_TIMER_MS } from '../../async/condition.js'
import type { RoleProcess } from '../../process/role-process.js'
import { weightsDigest } from '../../tensors/digest.js'
import type { Weights } from '../../tensors/weights.js'
import type { SwarmEvent, Turn } from '../consensus/events.js'
import { currentAggregator, type SwarmState } from '../consensus/state.js'
import type { OwnResult, WeightStore } from '../consensus/weight-store.js'
import type { PeerClient } from './peer-client.js'

export interface OutboxContext {
  calls: PeerClient
  kept: WeightStore
  changes: Condition
  role: Pick<RoleProcess, 'log'>
  /** All peers but this one. */
  others: readonly string[]
  state: () => SwarmState
  hear: (event: SwarmEvent) => void
  hearNews: (news: { from: string; round: number }) => Promise<void>
  /** Gives up the aggregator of a turn. */
  suspect: (turn: Turn, why: string) => void
  /** Returns a signal that is aborted while the peer is lost. */
  presenceOf: (name: string) => AbortSignal
  /** Returns whose results this digest holds, once it is committed in this round. */
  acceptedOf: (round: number, digest: string) => readonly string[] | undefined
}

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 1000

/**
 * Delivers to other peers and fetches from them, each task until it is done or no longer needed.
 */
export class Outbox {
  readonly #context: OutboxContext

  constructor(context: OutboxContext) {
    this.#context = context
  }

  async sendOwn(own: OwnResult, { to, attempt }: { to: string; attempt: number }, signal: AbortSignal): Promise<void> {
    const { calls, kept, changes, role, state, hear, hearNews } = this.#context
    const { round, numExamples, steps, weights } = own
    using _reading = kept.reading(weights)
    await this.#persistently(to, signal, async () => {
      const answer = await calls.sendResult(to, { round, attempt, numExamples, steps }, weights, signal)
      if (answer.state === 'early') return false
      if (answer.state === 'rejected') {
        role.log(`round ${round}: ${to} rejected the result, ${answer.message}`)
        await calls.sendFailure(to, { round, attempt }, answer.message, signal)
      }
      if (answer.state === 'late' && answer.round > round) {
        // Its commit is probably on the way. The weights are fetched only when it does not arrive.
        const isOver = () => state().round > round || undefined
        await changes.waitFor(isOver, { deadlineMs: LONGEST_PAUSE_MS, signal })
        await hearNews({ from: to, round: answer.round })
      } else if (answer.state === 'late')
        hear({ type: 'refusal', from: to, round: answer.round, attempt: answer.attempt })
      return true
    })
  }

  /**
   * A lost peer is asked once it is back: it may be an aggregator that was paused and believes that
   * its turn lasts.
   */
  async ask(to: string, turn: Turn, signal: AbortSignal): Promise<void> {
    const ask = async () => {
      const reply = await this.#context.calls.ask(to, turn, signal)
      if (reply.type === 'promise' || reply.type === 'refusal') this.#context.hear({ ...reply, from: to })
      return reply.type !== 'behind'
    }
    await this.#alsoOnceBack(to, signal, ask)
  }

  async call(to: string, turn: Turn, signal: AbortSignal): Promise<void> {
    await this.#persistently(to, signal, () => this.#context.calls.call(to, turn, signal))
  }

  /** Sends the proposal, then the commit. */
  async deliver(to: string, proposal: Turn & { digest: string; weights: Weights }, signal: AbortSignal): Promise<void> {
    const { calls, kept, changes, hear, acceptedOf } = this.#context
    const { round, attempt, digest } = proposal
    const propose = async (presence: AbortSignal) => {
      using _reading = kept.reading(proposal.weights)
      const reply = await calls.propose(to, proposal, presence)
      if (reply.type === 'confirmation' || reply.type === 'refusal') hear({ ...reply, from: to })
      return reply.type !== 'behind'
    }
    // Once the others sufficed, a returning peer notices by itself that it has to catch up.
    const isCommitted = () => acceptedOf(round, digest) !== undefined
    if (!(await this.#alsoOnceBack(to, signal, propose, isCommitted))) return
    const accepted = await changes.waitFor(() => acceptedOf(round, digest), { deadlineMs: MAX_TIMER_MS, signal })
    if (accepted === undefined) return
    await this.#persistently(to, signal, async (presence) => {
      await calls.commit(to, { round, attempt, digest, accepted }, presence)
      return true
    })
  }

  /** Fetches the weights of a proposal that others confirmed. */
  async fetch(digest: string, holders: readonly string[], signal: AbortSignal): Promise<void> {
    const { calls, kept, role, hear } = this.#context
    for (const holder of holders) {
      try {
        const fetched = await calls.fetchWeights(holder, digest, signal)
        if (weightsDigest(fetched.weights) !== digest) throw new Error('its digest is another one')
        signal.throwIfAborted()
        kept.keepProposed(digest, fetched.weights)
        hear({ type: 'fetched', digest })
        return
      } catch (error) {
        if (signal.aborted) return
        role.log(`could not fetch the confirmed weights from ${holder}: ${messageOf(error)}`)
      }
    }
    hear({ type: 'not-fetched', digest })
  }

  /** Fetches the committed weights of a newer round. */
  async catchUp(from: string, signal: AbortSignal): Promise<void> {
    const { calls, kept, role, state, hear } = this.#context
    try {
      const { round, digest, weights } = await calls.fetchWeights(from, undefined, signal)
      if (round > state().round) {
        if (weightsDigest(weights) !== digest) throw new Error('its digest is another one')
        kept.replace(digest, weights)
        role.log(`caught up with round ${round}, by weights of ${from}`)
        hear({ type: 'caught-up', round })
        return
      }
    } catch (error) {
      if (signal.aborted) return
      role.log(`could not catch up with ${from}: ${messageOf(error)}`)
    }
    await sleep(LONGEST_PAUSE_MS / 4)
    if (!signal.aborted) hear({ type: 'not-caught-up' })
  }

  /** Asks all others where the job is, until this peer knows. */
  async inquire(signalOfTurn: () => AbortSignal): Promise<void> {
    const { calls, others, state, hear } = this.#context
    const isReturning = () => state().stage.name === 'returning'
    while (isReturning()) {
      const signal = signalOfTurn()
      await Promise.all(
        others.map(async (from) => {
          const heard = await calls.standing(from, signal).catch(() => undefined)
          if (heard !== undefined && isReturning()) hear({ type: 'heard', from, ...heard })
        }),
      )
      if (isReturning()) await sleep(LONGEST_PAUSE_MS / 4, undefined, { signal })
    }
  }

  /** Repeats a task whenever a lost peer is back, until the task is no longer needed. */
  async #alsoOnceBack(
    to: string,
    signal: AbortSignal,
    attempt: (signal: AbortSignal) => Promise<boolean>,
    isOver = () => false,
  ): Promise<boolean> {
    const { changes, presenceOf } = this.#context
    for (;;) {
      const presence = presenceOf(to)
      if (await this.#persistently(to, signal, attempt)) return true
      // The signal is a new one once the peer was lost and came back.
      const look = () => (isOver() ? 'over' : presenceOf(to) === presence ? undefined : 'back')
      if ((await changes.waitFor(look, { deadlineMs: MAX_TIMER_MS, signal })) !== 'back') return false
    }
  }

  /**
   * Retries with growing pauses until done; returns false when the other peer is lost or refuses
   * connections. An aggregator is then given up.
   */
  async #persistently(
    to: string,
    signal: AbortSignal,
    attempt: (signal: AbortSignal) => Promise<boolean>,
  ): Promise<boolean> {
    const { state, suspect, presenceOf, role } = this.#context
    const { round, attempt: turn } = state()
    using both = anySignal([signal, presenceOf(to)])
    const presence = both.signal
    for (let pauseMs = FIRST_PAUSE_MS; !presence.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        if (await attempt(presence)) return true
      } catch (error) {
        if (presence.aborted) break
        if (systemErrorCode(error) === 'ECONNREFUSED') {
          if (currentAggregator(state()) === to && state().stage.name === 'following')
            suspect({ round, attempt: turn }, 'it refuses connections')
          return false
        }
        if (systemErrorCode(error) === undefined) role.log(`${to}: ${messageOf(error)}`)
      }
      await sleep(pauseMs, undefined, { signal: presence }).catch(() => {})
    }
    return false
  }
}
