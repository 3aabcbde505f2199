import { setTimeout as sleep } from 'node:timers/promises'
import { TidemarkError } from '../../../shared/errors.js'
import { anySignal } from '../../async/any-signal.js'
import { type Condition, MAX_TIMER_MS } from '../../async/condition.js'
import type { RoleProcess } from '../../process/role-process.js'
import type { ResultCollector } from '../../rounds/result-collector.js'
import type { Weights } from '../../tensors/weights.js'
import { judgeProposal, startState, step } from '../consensus/consensus.js'
import type { SwarmEffect, SwarmEvent, SwarmReply, Turn } from '../consensus/events.js'
import { aggregatorOf } from '../consensus/rotation.js'
import { currentAggregator, isVoting, type SwarmRules, type SwarmState } from '../consensus/state.js'
import type { Step } from '../consensus/transitions.js'
import type { OwnResult, WeightStore } from '../consensus/weight-store.js'
import type { RosterEntry } from '../roster.js'
import type { SwarmSettings } from '../swarm-job.js'
import { Aggregator } from './aggregator.js'
import { CatchUpTrigger } from './catch-up-trigger.js'
import { CommitTimeout } from './commit-timeout.js'
import { Liveness } from './liveness.js'
import { Outbox } from './outbox.js'
import type { PeerClient } from './peer-client.js'
import type { PeerSpool } from './spool.js'

export interface PeerRuntimeContext {
  rules: SwarmRules
  isReturning: boolean
  settings: SwarmSettings
  calls: PeerClient
  kept: WeightStore
  /** Set with `--aggregation spooled`. */
  spool: PeerSpool | undefined
  changes: Condition
  /** Returns the peers that train in a round, sorted. */
  trainersOf: (round: number) => string[]
  role: Pick<RoleProcess, 'mark' | 'log'>
  /** Called when the job cannot continue. */
  onFailure: (error: Error) => void
}

/** How a round ended for this peer. */
export interface RoundEnd extends Turn {
  aggregator: string
  digest: string
  /** Whose results the round holds; known to the peer that merged them. */
  accepted: string[] | undefined
}

/**
 * Carries out the effects of the state machine in `consensus/`, by {@link Outbox} towards the
 * others and {@link Aggregator} here, and reports the outcomes back. It decides nothing itself.
 */
export class PeerRuntime {
  readonly news: CatchUpTrigger
  readonly #context: PeerRuntimeContext
  #state: SwarmState
  /** Aborts the work of a turn that this peer has left. */
  #turn = new AbortController()
  readonly #merging: Aggregator
  readonly #errands: Outbox
  #ended: RoundEnd | undefined
  #spreading: Promise<unknown> = Promise.resolve()
  readonly #deadline: CommitTimeout
  readonly #presence: Liveness
  #lastTrouble = ''

  constructor(context: PeerRuntimeContext) {
    this.#context = context
    const { self, peers } = context.rules
    this.#presence = new Liveness(peers)
    const state = () => this.#state
    this.news = new CatchUpTrigger({ ...context, state, hear: (event) => void this.hear(event) })
    this.#deadline = new CommitTimeout(context.settings, (turn, why) => this.#suspect(turn, why))
    this.#merging = new Aggregator({ ...context, self, isLost: (name) => this.isLost(name) })
    this.#errands = new Outbox({
      ...context,
      others: this.#others(),
      state,
      hear: (event) => void this.hear(event),
      hearNews: (news) => this.news.hear(news),
      suspect: (turn, why) => this.#suspect(turn, why),
      presenceOf: (name) => this.#presence.signalOf(name),
      acceptedOf: (round, digest) =>
        this.#ended?.round === round && this.#ended.digest === digest ? (this.#ended.accepted ?? []) : undefined,
    })
    const begin = startState(context.rules, context.isReturning)
    this.#state = begin.state
    this.#carryOut(begin.effects)
  }

  get state(): SwarmState {
    return this.#state
  }

  /** How the previous round ended; undefined where its weights were fetched later. */
  get lastEnd(): RoundEnd | undefined {
    return this.#ended?.round === this.#state.round - 1 ? this.#ended : undefined
  }

  /**
   * Waits for the collector of this turn; undefined when the turn is over or it stays closed too
   * long.
   */
  collectionSoon(turn: Turn, signal: AbortSignal): Promise<ResultCollector | undefined> {
    const isPast = () => {
      const { round, attempt } = this.#state
      return round > turn.round || (round === turn.round && attempt > turn.attempt)
    }
    return this.#merging.collectionSoon(turn, isPast, signal)
  }

  hear(event: SwarmEvent): SwarmReply | undefined {
    return this.#take(step(this.#state, event))
  }

  judge(proposal: Turn & { from: string; digest: string }): SwarmReply | undefined {
    return judgeProposal(this.#state, proposal)
  }

  /** Takes a complete proposal. Its weights are kept if this peer confirms them. */
  takeProposal(proposal: Turn & { from: string; digest: string }, weights: Weights): SwarmReply | undefined {
    const reply = this.hear({ type: 'proposal', ...proposal })
    if (reply?.type === 'confirmation') this.#context.kept.keepProposed(proposal.digest, weights)
    return reply
  }

  /** Stops waiting for a peer whose result is refused or that cannot train. */
  takeFailure(from: string, turn: Turn, reason: string): void {
    this.#merging.collectionOf(turn)?.fail(from, reason)
  }

  /** Takes the coordinator's list of the peers. */
  hearRoster(entries: readonly RosterEntry[]): void {
    for (const name of this.#presence.hear(entries)) this.#merging.hasLost(name)
    const { stage, round } = this.#state
    const isOpen = stage.name !== 'between' && stage.name !== 'returning'
    if (isOpen) this.#merging.countLiving(round)
    const leader = this.#presence.leaderBeyond(round, entries)
    if (leader !== undefined && isOpen) void this.news.hear({ from: leader, round: round + 1 })
    this.#afterwards()
  }

  isLost(name: string): boolean {
    return this.#presence.isLost(name)
  }

  /**
   * Brings this peer's result to the aggregator, and again to each successor, until `signal` says
   * that the round is over.
   */
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
        await this.#merging.countOwn(own, attempt)
        await onCounted()
      } else {
        using sending = anySignal([signal, this.#turn.signal])
        await this.#errands.sendOwn(own, { to: aggregator, attempt }, sending.signal)
      }
    }
  }

  /**
   * Waits until the messages of the last own commit are out, or `--grace` has passed for
   * unreachable peers.
   */
  async spreadOut(): Promise<void> {
    await Promise.race([this.#spreading, sleep(this.#context.settings.graceMs, undefined, { ref: false })])
  }

  close(): void {
    this.#turn.abort()
    this.news.close()
    this.#deadline.clear()
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
        // `bringResult` finds out where the result is wanted.
        return
      case 'collect':
        this.#guard(this.#collect(effect, this.#turn.signal))
        return
      case 'ask':
        for (const name of this.#others()) this.#guard(this.#errands.ask(name, effect, this.#turn.signal))
        return
      case 'call':
        this.#guard(this.#errands.call(effect.to, effect, this.#turn.signal))
        return
      case 'fetch':
        this.#guard(this.#errands.fetch(effect.digest, effect.holders, this.#turn.signal))
        return
      case 'propose':
        this.#spread(effect, this.#turn.signal)
        return
      case 'commit':
        this.#commit(effect)
        return
      case 'announce':
        // Each delivery of the proposal continues with the commit.
        return
      case 'catch-up':
        this.#guard(this.#errands.catchUp(effect.from, this.#turn.signal))
        return
      case 'inquire':
        this.#guard(this.#errands.inquire(() => this.#turn.signal))
        return
    }
  }

  /**
   * Applies what follows from a new state: the deadline of the turn, and giving up a lost
   * aggregator.
   */
  #afterwards(): void {
    const { rules, settings, changes } = this.#context
    const { round, attempt, stage } = this.#state
    this.#deadline.follow(this.#state)
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

  #suspect(turn: Turn, why: string): void {
    if (turn.round !== this.#state.round || turn.attempt !== this.#state.attempt) return
    const suspected = aggregatorOf(this.#context.rules, turn.round, turn.attempt)
    this.#lastTrouble = `${suspected} did not commit it: ${why}`
    this.#context.role.log(`round ${turn.round}: gives up on ${suspected} in attempt ${turn.attempt + 1}, ${why}`)
    this.hear({ type: 'suspect', ...turn })
  }

  #commit({ round, attempt, digest }: Turn & { digest: string }): void {
    const { kept, rules } = this.#context
    kept.commit(digest)
    const accepted = this.#merging.acceptedOf(round, digest)
    this.#ended = { round, attempt, digest, accepted, aggregator: aggregatorOf(rules, round, attempt) }
  }

  async #collect(turn: Turn, signal: AbortSignal): Promise<void> {
    const outcome = await this.#merging.merge(turn, signal)
    if ('digest' in outcome) this.hear({ type: 'merged', ...turn, digest: outcome.digest })
    else {
      this.#lastTrouble = outcome.trouble
      this.hear({ type: 'not-merged', ...turn })
    }
  }

  #wantedAttempt(round: number, brought: number): number | undefined {
    const { round: current, attempt, stage, confirmed } = this.#state
    if (current !== round || attempt === brought) return undefined
    if (stage.name === 'following') return confirmed?.attempt === attempt ? undefined : attempt
    return stage.name === 'collecting' && this.#merging.collectionOf({ round, attempt }) !== undefined
      ? attempt
      : undefined
  }

  #spread(proposal: Turn & { digest: string }, signal: AbortSignal): void {
    const weights = this.#context.kept.find(proposal.digest)!
    this.#spreading = Promise.all(
      this.#others().map((name) => this.#guard(this.#errands.deliver(name, { ...proposal, weights }, signal))),
    )
  }

  #others(): string[] {
    const { peers, self } = this.#context.rules
    return peers.filter((name) => name !== self)
  }

  /** Runs a task on its own. An abort is no failure; any other error ends this peer's job. */
  async #guard(task: Promise<void>): Promise<void> {
    const { signal } = this.#turn
    try {
      await task
    } catch (error) {
      const isAborted = signal.aborted || (error instanceof Error && error.name === 'AbortError')
      if (!isAborted) this.#context.onFailure(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /**
   * Returns whether this peer remembers its round completely, which counts when another one
   * returns.
   */
  get isWhole(): boolean {
    return this.#state.round > 0 && isVoting(this.#state)
  }
}
