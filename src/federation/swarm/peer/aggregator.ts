import { TidemarkError } from '../../../shared/errors.js'
import { formatDuration } from '../../../shared/units.js'
import { weightedMean } from '../../algorithms/fedavg.js'
import type { Condition } from '../../async/condition.js'
import type { RoleProcess } from '../../process/role-process.js'
import { ResultCollector } from '../../rounds/result-collector.js'
import type { ResultClaim } from '../../transport/messages.js'
import type { Turn } from '../consensus/events.js'
import type { OwnResult, WeightStore } from '../consensus/weight-store.js'
import type { SwarmSettings } from '../swarm-job.js'
import { type Merge, mergeInMemory } from './aggregation.js'
import type { PeerSpool } from './spool.js'

export interface AggregatorContext {
  self: string
  settings: SwarmSettings
  kept: WeightStore
  /** Set with `--aggregation spooled`. */
  spool: PeerSpool | undefined
  changes: Condition
  /** Returns the peers that train in a round, sorted. */
  trainersOf: (round: number) => string[]
  isLost: (name: string) => boolean
  role: Pick<RoleProcess, 'mark' | 'log'>
}

/** How long an early result waits before its sender is asked to come again. */
const HOLD_MS = 2000

/** A peer's turn as aggregator: gathers the results of a round and merges them. */
export class Aggregator {
  readonly #context: AggregatorContext
  #collection: ResultCollector | undefined
  #merged: { round: number; digest: string; accepted: string[] } | undefined
  /** Since when too few trainers of this round have lived, over all its turns. */
  #short: { round: number; sinceMs: number } | undefined

  constructor(context: AggregatorContext) {
    this.#context = context
  }

  /**
   * Returns the collector of this turn; undefined before it opens. It stays after its end to answer
   * late senders.
   */
  collectionOf({ round, attempt }: Turn): ResultCollector | undefined {
    const rules = this.#collection?.rules
    return rules?.round === round && rules.attempt === attempt ? this.#collection : undefined
  }

  /** Waits for the collector of this turn, so that the first senders need not retry. */
  async collectionSoon(turn: Turn, isPast: () => boolean, signal: AbortSignal): Promise<ResultCollector | undefined> {
    const look = () => this.collectionOf(turn) ?? (isPast() ? 'past' : undefined)
    const found = await this.#context.changes.waitFor(look, { deadlineMs: HOLD_MS, signal })
    return found === 'past' ? undefined : found
  }

  /** Returns whose results a merge of this round holds; known to the peer that made it. */
  acceptedOf(round: number, digest: string): string[] | undefined {
    return this.#merged?.round === round && this.#merged.digest === digest ? this.#merged.accepted : undefined
  }

  hasLost(name: string): void {
    this.#collection?.fail(name, 'it has sent no heartbeat')
  }

  /** Updates who lives or which round is open. */
  countLiving(round: number): void {
    if (this.#living(round).length >= this.#context.settings.minClients) this.#short = undefined
    else if (this.#short?.round !== round) this.#short = { round, sinceMs: performance.now() }
  }

  async countOwn({ round, numExamples, steps, weights }: OwnResult, attempt: number): Promise<void> {
    const { self } = this.#context
    const collection = this.collectionOf({ round, attempt })
    const verdict = await collection?.take({ client: self, round, attempt, numExamples, steps }, weights)
    if (verdict?.state === 'rejected') collection?.fail(self, `its result was rejected, ${verdict.reason}`)
  }

  /**
   * Waits until enough trainers live, gathers their results, and merges them into this peer's
   * proposal. A peer without room for that reports trouble, and the next one has its turn.
   */
  async merge(turn: Turn, signal: AbortSignal): Promise<{ digest: string } | { trouble: string }> {
    const { kept, role } = this.#context
    const trainers = await this.#livingTrainers(turn.round, signal)
    let merge: Merge | undefined
    try {
      merge = await this.#begin(turn, trainers.length)
      const accepted = await this.#gather(merge, { turn, trainers }, signal)
      const { weights, digest } = await merge.combine()
      signal.throwIfAborted()
      kept.keepProposed(digest, weights)
      this.#merged = { round: turn.round, digest, accepted: accepted.map(({ client }) => client) }
      return { digest }
    } catch (error) {
      if (!(error instanceof TidemarkError) || signal.aborted) throw error
      role.mark({ mark: 'round-failed', ...turn, reason: error.message })
      role.log(error.message)
      return { trouble: error.message }
    } finally {
      await merge?.aggregation.discard()
    }
  }

  #begin(turn: Turn, results: number): Merge | Promise<Merge> {
    const { settings, kept, spool } = this.#context
    const { summation, serverLearningRate } = settings
    const { global } = kept
    const { specs } = global
    const rules = {
      ...turn,
      specs,
      combination: weightedMean(settings),
      summation,
      spares: kept.spares,
      metadata: {},
    }
    if (spool === undefined) return mergeInMemory(rules, global)
    return spool.begin(rules, results, serverLearningRate === 1 ? undefined : global)
  }

  async #gather(
    { aggregation }: Merge,
    { turn, trainers }: { turn: Turn; trainers: string[] },
    signal: AbortSignal,
  ): Promise<readonly ResultClaim[]> {
    const { settings, changes } = this.#context
    const { minClients, graceMs, roundDeadlineMs } = settings
    const rules = { ...turn, clients: trainers, minClients, graceMs, deadlineMs: roundDeadlineMs }
    const collection = new ResultCollector(rules, aggregation)
    this.#collection = collection
    for (const name of trainers) if (this.#context.isLost(name)) this.hasLost(name)
    const cancel = () => collection.cancel(signal.reason)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    changes.notify()
    try {
      return await collection.outcome
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  async #livingTrainers(round: number, signal: AbortSignal): Promise<string[]> {
    const { settings, changes, trainersOf } = this.#context
    const { minClients, joinDeadlineMs } = settings
    const trainers = trainersOf(round)
    this.countLiving(round)
    const areEnough = () => this.#living(round).length >= minClients || undefined
    // The wait is shared by all turns of a round: others give a turn up long before and take
    // theirs.
    const waitedMs = this.#short === undefined ? 0 : performance.now() - this.#short.sinceMs
    const deadlineMs = Math.max(0, joinDeadlineMs - waitedMs)
    if ((await changes.waitFor(areEnough, { deadlineMs, signal })) === undefined)
      throw new TidemarkError(
        `round ${round} needs the results of ${minClients} peers, and ${this.#living(round).length} of ${trainers.length} lived for ${formatDuration(joinDeadlineMs)}`,
        { fix: 'Start the others again under the same names, or lower --min-clients.' },
      )
    return trainers
  }

  #living(round: number): string[] {
    return this.#context.trainersOf(round).filter((name) => !this.#context.isLost(name))
  }
}
