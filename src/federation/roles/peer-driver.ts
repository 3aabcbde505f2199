import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, systemErrorCode, TidemarkError } from '../../errors.js'
import { formatDuration } from '../../units.js'
import { weightedMean } from '../algorithms/fedavg.js'
import { openBuffered } from '../rounds/buffered.js'
import { Collection, RoundFailedError } from '../rounds/collection.js'
import type { SwarmEffect, SwarmEvent, SwarmReply, Turn } from '../swarm/events.js'
import type { KeptWeights, OwnResult } from '../swarm/kept-weights.js'
import type { RosterEntry } from '../swarm/roster.js'
import { aggregatorOf } from '../swarm/rotation.js'
import { currentAggregator, isVoting, type SwarmRules, type SwarmState } from '../swarm/state.js'
import { judgeProposal, type Step, startState, step } from '../swarm/succession.js'
import { weightsDigest } from '../weights/digest.js'
import { stateInMemory } from '../weights/global-state.js'
import type { Weights } from '../weights/weights.js'
import { anySignal } from '../wire/any-signal.js'
import { type Changes, MAX_TIMER_MS } from '../wire/changes.js'
import type { PeerCalls } from './peer-calls.js'
import type { RoleProcess } from './role-process.js'
import type { SwarmSettings } from './swarm-job.js'

export interface DriverContext {
  rules: SwarmRules
  isReturning: boolean
  settings: SwarmSettings
  calls: PeerCalls
  kept: KeptWeights
  changes: Changes
  /** Who trains in a round, sorted. */
  trainersOf: (round: number) => string[]
  role: Pick<RoleProcess, 'mark' | 'log'>
  /** The job cannot go on. */
  onFailure: (error: Error) => void
}

/** How a round ended for this peer. */
export interface RoundEnd extends Turn {
  aggregator: string
  digest: string
  /** Whose results are in it; known to the peer that merged them. */
  accepted: string[] | undefined
}

/** How long a result that came too early is kept waiting before its sender is asked to come again. */
const HOLD_MS = 2000
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 1000

/**
 * Carries out what the state machine of `swarm/succession.ts` wants done: sends its messages, opens its collections, moves
 * its weights, and tells it what came of that. It decides nothing by itself.
 */
export class PeerDriver {
  readonly #context: DriverContext
  #state: SwarmState
  /** Ends what is under way for a turn that this peer has left. */
  #turn = new AbortController()
  #collection: Collection | undefined
  #merge: { digest: string; accepted: string[] } | undefined
  #ended: RoundEnd | undefined
  #spreading: Promise<unknown> = Promise.resolve()
  #deadline: { timer: NodeJS.Timeout; turn: string } | undefined
  /** Per peer: aborted when the coordinator has not heard of it for too long. */
  readonly #presence = new Map<string, AbortController>()
  /** Peers that were in a newer round at the last heartbeat. */
  #ahead = new Set<string>()
  #lastTrouble = ''

  constructor(context: DriverContext) {
    this.#context = context
    for (const name of context.rules.peers) this.#presence.set(name, new AbortController())
    const { state, effects } = startState(context.rules, context.isReturning)
    this.#state = state
    this.#carryOut(effects)
  }

  get state(): SwarmState {
    return this.#state
  }

  /** How the round before this one ended; undefined where its weights were fetched later. */
  get lastEnd(): RoundEnd | undefined {
    return this.#ended?.round === this.#state.round - 1 ? this.#ended : undefined
  }

  /** The collection of this turn; undefined before it is open. Kept after it is over, to answer who comes late. */
  collectionOf({ round, attempt }: Turn): Collection | undefined {
    const rules = this.#collection?.rules
    return rules?.round === round && rules.attempt === attempt ? this.#collection : undefined
  }

  /** The same, as soon as it is open: whoever is first waits here rather than come again and again. */
  async collectionSoon(turn: Turn, signal: AbortSignal): Promise<Collection | undefined> {
    const isPast = () => {
      const { round, attempt } = this.#state
      return round > turn.round || (round === turn.round && attempt > turn.attempt)
    }
    const look = () => this.collectionOf(turn) ?? (isPast() ? 'past' : undefined)
    const found = await this.#context.changes.waitFor(look, { deadlineMs: HOLD_MS, signal })
    return found === 'past' ? undefined : found
  }

  hear(event: SwarmEvent): SwarmReply | undefined {
    return this.#take(step(this.#state, event))
  }

  judge(proposal: Turn & { from: string; digest: string }): SwarmReply | undefined {
    return judgeProposal(this.#state, proposal)
  }

  /** A proposal whose weights are here, whole. They are kept if this peer confirms them. */
  takeProposal(proposal: Turn & { from: string; digest: string }, weights: Weights): SwarmReply | undefined {
    const reply = this.hear({ type: 'proposal', ...proposal })
    if (reply?.type === 'confirmation') this.#context.kept.keepProposed(proposal.digest, weights)
    return reply
  }

  /** A peer whose result is not wanted, or that cannot train, is not waited for. */
  takeFailure(from: string, turn: Turn, reason: string): void {
    this.collectionOf(turn)?.fail(from, reason)
  }

  /** What the coordinator knows of the peers. */
  hearRoster(entries: readonly RosterEntry[]): void {
    for (const { name, isLost } of entries) this.#setPresence(name, isLost)
    const { stage, round } = this.#state
    const ahead = entries.filter((entry) => entry.round > round && !entry.isLost).map(({ name }) => name)
    // Once is no news: the commit is on its way. A peer that is ahead at two heartbeats has left this one behind.
    const leader = ahead.find((name) => this.#ahead.has(name))
    this.#ahead = new Set(ahead)
    if (leader !== undefined && stage.name !== 'between' && stage.name !== 'returning')
      this.hear({ type: 'news', from: leader, round: round + 1 })
    this.#afterwards()
  }

  isLost(name: string): boolean {
    return this.#presence.get(name)?.signal.aborted ?? false
  }

  /** Brings the own result to whoever aggregates, and again to each successor, until `signal` says that the round is over. */
  async bringResult(own: OwnResult, onCounted: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (let brought = -1; !signal.aborted; ) {
      const attempt = await this.#context.changes.waitFor(() => this.#wantedAttempt(own.round, brought), {
        deadlineMs: MAX_TIMER_MS,
        signal,
      })
      if (attempt === undefined) return
      brought = attempt
      const aggregator = aggregatorOf(this.#context.rules, own.round, attempt)
      if (aggregator === this.#context.rules.self) {
        await this.#countOwn(own, attempt)
        await onCounted()
      } else {
        using sending = anySignal([signal, this.#turn.signal])
        await this.#sendOwn(own, { to: aggregator, attempt }, sending.signal)
      }
    }
  }

  /** Until the messages of the last own commit are out, or those who cannot be reached have had `--grace`. */
  async spreadOut(): Promise<void> {
    await Promise.race([this.#spreading, sleep(this.#context.settings.graceMs, undefined, { ref: false })])
  }

  close(): void {
    this.#turn.abort()
    clearTimeout(this.#deadline?.timer)
  }

  #take({ state, effects, reply }: Step): SwarmReply | undefined {
    this.#state = state
    this.#carryOut(effects)
    this.#afterwards()
    return reply
  }

  #carryOut(effects: readonly SwarmEffect[]): void {
    for (const effect of effects) this.#carryOutOne(effect)
  }

  #carryOutOne(effect: SwarmEffect): void {
    switch (effect.do) {
      case 'stand-down':
        this.#turn.abort()
        this.#turn = new AbortController()
        return
      case 'submit':
        // `bringResult` sees for itself where the result is wanted.
        return
      case 'collect':
        this.#guard(this.#collect(effect, this.#turn.signal))
        return
      case 'ask':
        for (const name of this.#others()) this.#guard(this.#ask(name, effect, this.#turn.signal))
        return
      case 'call':
        this.#guard(this.#call(effect.to, effect, this.#turn.signal))
        return
      case 'fetch':
        this.#guard(this.#fetch(effect.digest, effect.holders, this.#turn.signal))
        return
      case 'propose':
        this.#spread(effect, this.#turn.signal)
        return
      case 'commit':
        this.#commit(effect)
        return
      case 'announce':
        // Each delivery of the proposal goes on with the commit.
        return
      case 'catch-up':
        this.#guard(this.#catchUp(effect.from, this.#turn.signal))
        return
      case 'inquire':
        this.#guard(this.#inquire())
        return
    }
  }

  /** What follows from a new state by itself: the deadline of the turn, and that a lost aggregator is given up at once. */
  #afterwards(): void {
    const { rules, settings, changes } = this.#context
    const { round, attempt, stage } = this.#state
    this.#renewDeadline()
    changes.notify()
    if (attempt >= settings.roundAttempts * rules.peers.length)
      this.#context.onFailure(
        new TidemarkError(`round ${round} did not commit in ${attempt} attempts: ${this.#lastTrouble}`, {
          fix: 'The logs of the peers say more. Lower --min-clients, or raise --round-attempts.',
        }),
      )
    else if (stage.name === 'following' && this.isLost(currentAggregator(this.#state)))
      this.#suspect({ round, attempt }, 'it has sent no heartbeat')
  }

  #renewDeadline(): void {
    const { settings } = this.#context
    const { round, attempt, stage } = this.#state
    const isOpen = !['between', 'catching-up', 'returning'].includes(stage.name)
    const turn = isOpen ? `${round}.${attempt}` : ''
    if (this.#deadline?.turn === turn) return
    clearTimeout(this.#deadline?.timer)
    // The aggregator settles at the round's deadline; then its transfers may be silent for the time that any may.
    const patienceMs = Math.min(settings.roundDeadlineMs + settings.idleMs, MAX_TIMER_MS)
    const timer = setTimeout(() => {
      if (isOpen) this.#suspect({ round, attempt }, `there was no commit within ${formatDuration(patienceMs)}`)
    }, patienceMs)
    timer.unref()
    this.#deadline = { timer, turn }
  }

  #suspect(turn: Turn, why: string): void {
    if (turn.round !== this.#state.round || turn.attempt !== this.#state.attempt) return
    const suspected = aggregatorOf(this.#context.rules, turn.round, turn.attempt)
    this.#lastTrouble = `${suspected} did not commit it: ${why}`
    this.#context.role.log(`round ${turn.round}: gives up on ${suspected} in attempt ${turn.attempt + 1}, ${why}`)
    this.hear({ type: 'suspect', ...turn })
  }

  #setPresence(name: string, isLost: boolean): void {
    if (isLost === this.isLost(name)) return
    if (isLost) {
      this.#presence.get(name)?.abort(new Error(`${name} is lost`))
      this.#collection?.fail(name, 'it has sent no heartbeat')
    } else this.#presence.set(name, new AbortController())
  }

  #commit({ round, attempt, digest }: Turn & { digest: string }): void {
    const { kept, rules } = this.#context
    kept.commit(digest)
    const accepted = this.#merge?.digest === digest ? this.#merge.accepted : undefined
    this.#ended = { round, attempt, digest, accepted, aggregator: aggregatorOf(rules, round, attempt) }
    this.#merge = undefined
  }

  /** Waits until enough trainers live, gathers their results, and merges them. */
  async #collect(turn: Turn, signal: AbortSignal): Promise<void> {
    const { settings, changes, kept, trainersOf, role } = this.#context
    const { minClients, graceMs, roundDeadlineMs, joinDeadlineMs, summation } = settings
    const trainers = trainersOf(turn.round)
    const living = () => trainers.filter((name) => !this.isLost(name))
    const areEnough = () => living().length >= minClients || undefined
    if ((await changes.waitFor(areEnough, { deadlineMs: joinDeadlineMs, signal })) === undefined)
      throw new TidemarkError(
        `round ${turn.round} needs the results of ${minClients} peers, and ${living().length} of ${trainers.length} lived for ${formatDuration(joinDeadlineMs)}`,
        { fix: 'Start the others again under the same names, or lower --min-clients.' },
      )
    const { specs } = kept.global
    const aggregation = openBuffered({
      ...turn,
      specs,
      combination: weightedMean(settings),
      summation,
      metadata: {},
    })
    const rules = { ...turn, clients: trainers, minClients, graceMs, deadlineMs: roundDeadlineMs }
    const collection = new Collection(rules, aggregation)
    this.#collection = collection
    for (const name of trainers) if (this.isLost(name)) collection.fail(name, 'it has sent no heartbeat')
    const cancel = () => collection.cancel(signal.reason)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    changes.notify()
    try {
      const accepted = await collection.outcome
      const merged = await aggregation.combine(stateInMemory(kept.global))
      const weights = await merged.load()
      signal.throwIfAborted()
      const digest = weightsDigest(weights)
      kept.keepProposed(digest, weights)
      this.#merge = { digest, accepted: accepted.map(({ client }) => client) }
      this.hear({ type: 'merged', ...turn, digest })
    } catch (error) {
      if (!(error instanceof RoundFailedError)) throw error
      this.#lastTrouble = error.message
      role.mark({ mark: 'round-failed', ...turn, reason: error.message })
      role.log(error.message)
      this.hear({ type: 'not-merged', ...turn })
    } finally {
      signal.removeEventListener('abort', cancel)
      aggregation.discard()
    }
  }

  #wantedAttempt(round: number, brought: number): number | undefined {
    const { round: current, attempt, stage, confirmed } = this.#state
    if (current !== round || attempt === brought) return undefined
    if (stage.name === 'following') return confirmed?.attempt === attempt ? undefined : attempt
    return stage.name === 'collecting' && this.collectionOf({ round, attempt }) !== undefined ? attempt : undefined
  }

  async #countOwn({ round, numExamples, steps, weights }: OwnResult, attempt: number): Promise<void> {
    const { self } = this.#context.rules
    const collection = this.collectionOf({ round, attempt })
    const verdict = await collection?.take({ client: self, round, attempt, numExamples, steps }, weights)
    if (verdict?.state === 'rejected') collection?.fail(self, `its result was rejected, ${verdict.reason}`)
  }

  async #sendOwn(own: OwnResult, { to, attempt }: { to: string; attempt: number }, signal: AbortSignal): Promise<void> {
    const { calls, changes, role } = this.#context
    const { round, numExamples, steps, weights } = own
    await this.#persistently(to, signal, async () => {
      const answer = await calls.sendResult(to, { round, attempt, numExamples, steps }, weights, signal)
      if (answer.state === 'early') return false
      if (answer.state === 'rejected') {
        role.log(`round ${round}: ${to} rejected the result, ${answer.message}`)
        await calls.sendFailure(to, { round, attempt }, answer.message, signal)
      }
      if (answer.state === 'late' && answer.round > round) {
        // Its commit is most likely on the way here; only when it does not come the weights are fetched.
        const isOver = () => this.#state.round > round || undefined
        await changes.waitFor(isOver, { deadlineMs: LONGEST_PAUSE_MS, signal })
        this.hear({ type: 'news', from: to, round: answer.round })
      } else if (answer.state === 'late')
        this.hear({ type: 'refusal', from: to, round: answer.round, attempt: answer.attempt })
      return true
    })
  }

  async #ask(to: string, turn: Turn, signal: AbortSignal): Promise<void> {
    await this.#persistently(to, signal, async () => {
      const reply = await this.#context.calls.ask(to, turn, signal)
      if (reply.type === 'promise' || reply.type === 'refusal') this.hear({ ...reply, from: to })
      return reply.type !== 'behind'
    })
  }

  async #call(to: string, turn: Turn, signal: AbortSignal): Promise<void> {
    await this.#persistently(to, signal, () => this.#context.calls.call(to, turn, signal))
  }

  async #fetch(digest: string, holders: readonly string[], signal: AbortSignal): Promise<void> {
    const { calls, kept, role } = this.#context
    for (const holder of holders) {
      try {
        const fetched = await calls.fetchWeights(holder, digest, signal)
        if (weightsDigest(fetched.weights) !== digest) throw new Error('its digest is another one')
        signal.throwIfAborted()
        kept.keepProposed(digest, fetched.weights)
        this.hear({ type: 'fetched', digest })
        return
      } catch (error) {
        if (signal.aborted) return
        role.log(`could not fetch the confirmed weights from ${holder}: ${messageOf(error)}`)
      }
    }
    this.hear({ type: 'not-fetched', digest })
  }

  #spread(proposal: Turn & { digest: string }, signal: AbortSignal): void {
    const weights = this.#context.kept.find(proposal.digest)!
    this.#spreading = Promise.all(
      this.#others().map((name) => this.#guard(this.#deliver(name, { ...proposal, weights }, signal))),
    )
  }

  /** The proposal, then the commit. */
  async #deliver(
    to: string,
    proposal: Turn & { digest: string; weights: Weights },
    signal: AbortSignal,
  ): Promise<void> {
    const { calls, changes } = this.#context
    const isReached = await this.#persistently(to, signal, async (presence) => {
      const reply = await calls.propose(to, proposal, presence)
      if (reply.type === 'confirmation' || reply.type === 'refusal') this.hear({ ...reply, from: to })
      return reply.type !== 'behind'
    })
    if (!isReached) return
    const { round, attempt, digest } = proposal
    const commit = () => (this.#ended?.digest === digest && this.#ended.round === round ? this.#ended : undefined)
    const ended = await changes.waitFor(commit, { deadlineMs: MAX_TIMER_MS, signal })
    if (ended === undefined) return
    await this.#persistently(to, signal, async (presence) => {
      await calls.commit(to, { round, attempt, digest, accepted: ended.accepted ?? [] }, presence)
      return true
    })
  }

  async #catchUp(from: string, signal: AbortSignal): Promise<void> {
    const { calls, kept, role } = this.#context
    try {
      const { round, digest, weights } = await calls.fetchWeights(from, undefined, signal)
      if (round > this.#state.round) {
        if (weightsDigest(weights) !== digest) throw new Error('its digest is another one')
        kept.replace(digest, weights)
        role.log(`caught up with round ${round}, by weights of ${from}`)
        this.hear({ type: 'caught-up', round })
        return
      }
    } catch (error) {
      if (signal.aborted) return
      role.log(`could not catch up with ${from}: ${messageOf(error)}`)
    }
    await sleep(LONGEST_PAUSE_MS / 4)
    if (!signal.aborted) this.hear({ type: 'not-caught-up' })
  }

  async #inquire(): Promise<void> {
    const isReturning = () => this.#state.stage.name === 'returning'
    while (isReturning()) {
      const { signal } = this.#turn
      await Promise.all(
        this.#others().map(async (from) => {
          const heard = await this.#context.calls.standing(from, signal).catch(() => undefined)
          if (heard !== undefined && isReturning()) this.hear({ type: 'heard', from, ...heard })
        }),
      )
      if (isReturning()) await sleep(LONGEST_PAUSE_MS / 4, undefined, { signal })
    }
  }

  /**
   * Does something until it says that it is done, with growing pauses; false when the other one is lost or refuses
   * connections. If that one is the aggregator, it is given up.
   */
  async #persistently(
    to: string,
    signal: AbortSignal,
    attempt: (signal: AbortSignal) => Promise<boolean>,
  ): Promise<boolean> {
    const { round, attempt: turn } = this.#state
    using both = anySignal([signal, this.#presence.get(to)!.signal])
    const presence = both.signal
    for (let pauseMs = FIRST_PAUSE_MS; !presence.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        if (await attempt(presence)) return true
      } catch (error) {
        if (presence.aborted) break
        if (systemErrorCode(error) === 'ECONNREFUSED') {
          if (currentAggregator(this.#state) === to && this.#state.stage.name === 'following')
            this.#suspect({ round, attempt: turn }, 'it refuses connections')
          return false
        }
        if (systemErrorCode(error) === undefined) this.#context.role.log(`${to}: ${messageOf(error)}`)
      }
      await sleep(pauseMs, undefined, { signal: presence }).catch(() => {})
    }
    return false
  }

  #others(): string[] {
    const { peers, self } = this.#context.rules
    return peers.filter((name) => name !== self)
  }

  /** A task on its own: what it was aborted with is no failure, all else ends the job of this peer. */
  async #guard(task: Promise<void>): Promise<void> {
    const { signal } = this.#turn
    try {
      await task
    } catch (error) {
      const isAborted = signal.aborted || (error instanceof Error && error.name === 'AbortError')
      if (!isAborted) this.#context.onFailure(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Whether this peer's memory of its round is whole: it counts where a peer returns. */
  get isWhole(): boolean {
    return this.#state.round > 0 && isVoting(this.#state)
  }
}
