import { setMaxListeners } from 'node:events'
import type { Readable } from 'node:stream'
import { TidemarkError } from '../../shared/errors.js'
import { formatDuration } from '../../shared/units.js'
import type { Aggregation } from '../aggregation/aggregation.js'
import { MAX_TIMER_MS } from '../async/condition.js'
import { failpoint } from '../failpoint.js'
import { WeightsError } from '../tensors/safetensors/safetensors-header.js'
import type { Weights } from '../tensors/weights.js'
import type { ResultClaim, Verdict } from '../transport/messages.js'
import { compareText } from './sample.js'

export interface CollectorRules {
  round: number
  attempt: number
  /** The sampled clients. */
  clients: readonly string[]
  /** In a round of several exchanges: the standing of its clients outside this one. */
  others?: ReadonlyMap<string, OtherStanding> | undefined
  /** The quorum: accepted results that the round needs. */
  minClients: number
  /** How long to wait for other results once the quorum is reached. */
  graceMs: number
  /** How long the round may take before it settles with the results at hand. */
  deadlineMs: number
}

/** Spare listeners for a client that returns before its last connection is given up. */
const SPARE_LISTENERS = 10

/** A round that does not commit. It may be tried again; the weights are unchanged. */
export class RoundFailedError extends TidemarkError {
  override readonly code: string = 'TIDEMARK_E_ROUND'
}

/**
 * `accepted`: its result was taken. `passed`: its turn went by without one. `to-come`: its turn is
 * still to come.
 */
export type OtherStanding = 'accepted' | 'passed' | 'to-come'

/** The standing of a sampled client in this round. */
type Standing = 'awaited' | 'not-counted' | 'failed' | OtherStanding

/**
 * Gathers the results of one round and decides when it is over. It knows no sockets.
 *
 * The round is over when every client was accepted, had no examples, or failed; at once when the
 * quorum is out of reach; `graceMs` after the quorum; at the deadline. It succeeded if the quorum
 * was reached.
 */
export class ResultCollector {
  readonly rules: CollectorRules
  /** The accepted results, sorted by name; rejects with {@link RoundFailedError}. */
  readonly outcome: Promise<ResultClaim[]>
  readonly #aggregation: Pick<Aggregation, 'receive' | 'recovered'>
  readonly #standings: Map<string, Standing>
  readonly #accepted: ResultClaim[] = []
  /** Why clients failed, or why their last result was rejected. */
  readonly #troubles = new Map<string, string>()
  readonly #settled = new AbortController()
  readonly #deadline: NodeJS.Timeout
  #grace: NodeJS.Timeout | undefined
  #resolve!: (accepted: ResultClaim[]) => void
  #reject!: (error: Error) => void

  constructor(rules: CollectorRules, aggregation: Pick<Aggregation, 'receive' | 'recovered'>) {
    this.rules = rules
    this.#aggregation = aggregation
    // Every client may be in a download and an upload, so this many listeners are no leak.
    setMaxListeners(2 * rules.clients.length + SPARE_LISTENERS, this.#settled.signal)
    this.#standings = new Map<string, Standing>(rules.others)
    for (const client of rules.clients) this.#standings.set(client, 'awaited')
    for (const claim of aggregation.recovered ?? []) {
      this.#standings.set(claim.client, 'accepted')
      this.#accepted.push(claim)
    }
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // The caller may not await the outcome yet when the round fails at once.
    this.outcome.catch(() => {})
    this.#deadline = setTimeout(() => this.#settle('deadline'), Math.min(rules.deadlineMs, MAX_TIMER_MS))
    this.#settleIfOver()
  }

  /** Aborted once the round is over; its remaining transfers are then useless. */
  get settled(): AbortSignal {
    return this.#settled.signal
  }

  /** Returns whether the round still waits for a result of this client. */
  awaits(client: string): boolean {
    return !this.settled.aborted && this.#standings.get(client) === 'awaited'
  }

  /**
   * Judges a result by its claim, in the order of the rules; undefined when its tensors are wanted.
   * A claim without examples is settled by this alone.
   */
  review(claim: ResultClaim): Verdict | undefined {
    const { round, attempt } = this.rules
    const standing = this.#standings.get(claim.client)
    if (standing === undefined)
      return this.#rejectClaim(claim, `client "${claim.client}" was not drawn for round ${round}`)
    if (claim.round < round) return { state: 'late', round, reason: `the server is in round ${round}` }
    if (claim.round === round && claim.attempt < attempt)
      return { state: 'late', round, reason: `round ${round} is tried again, and the result is of an earlier attempt` }
    if (claim.round > round || claim.attempt > attempt)
      return this.#rejectClaim(claim, `the result is for round ${claim.round}, and the server is in round ${round}`)
    if (standing === 'accepted') return { state: 'duplicate' }
    if (standing === 'to-come') return this.#rejectClaim(claim, `the turn of client "${claim.client}" is still to come`)
    if (standing === 'passed' || this.settled.aborted)
      return { state: 'late', round, reason: `round ${round} has continued without it` }
    // Larger numbers are not counts, and could make the mean overflow.
    if (!(claim.numExamples >= 0 && claim.numExamples <= Number.MAX_SAFE_INTEGER))
      return this.#rejectClaim(claim, `the number of examples is ${claim.numExamples}`)
    if (claim.numExamples === 0) {
      this.#stand(claim.client, 'not-counted', 'it has no examples')
      return { state: 'not-counted' }
    }
    return undefined
  }

  /**
   * Takes a whole result. Rejects only when the source breaks off; the client may then send again.
   */
  async take(claim: ResultClaim, source: Readable | Weights): Promise<Verdict> {
    const verdict = this.review(claim)
    if (verdict !== undefined) return verdict
    try {
      const result = await this.#aggregation.receive(source, claim)
      // While this result was read, the round may have ended, or the client been accepted on
      // another connection.
      const changed = this.review(claim)
      failpoint('result-spooled')
      if (changed === undefined) result.count()
      else {
        result.drop()
        return changed
      }
    } catch (error) {
      if (error instanceof WeightsError) return this.#rejectClaim(claim, error.message)
      throw error
    }
    failpoint('result-counted')
    this.#accepted.push(claim)
    this.#stand(claim.client, 'accepted')
    return { state: 'accepted' }
  }

  /** Stops waiting for a client. A result that it sends later still counts. */
  fail(client: string, reason: string): void {
    if (this.awaits(client)) this.#stand(client, 'failed', reason)
  }

  /** Ends the round without a result, for example because the job was stopped. */
  cancel(error: Error): void {
    this.#end(() => this.#reject(error))
  }

  #rejectClaim(claim: ResultClaim, reason: string): Verdict {
    this.#troubles.set(claim.client, `its result was rejected, ${reason}`)
    return { state: 'rejected', reason }
  }

  #stand(client: string, standing: Standing, trouble?: string): void {
    this.#standings.set(client, standing)
    if (trouble !== undefined) this.#troubles.set(client, trouble)
    this.#settleIfOver()
  }

  #settleIfOver(): void {
    const { minClients, graceMs } = this.rules
    const awaited = this.#count('awaited')
    const accepted = this.#accepted.length
    if (awaited === 0 || accepted + awaited < minClients) this.#settle('everyone')
    else if (accepted >= minClients)
      this.#grace ??= setTimeout(() => this.#settle('grace'), Math.min(graceMs, MAX_TIMER_MS))
  }

  #settle(why: 'everyone' | 'grace' | 'deadline'): void {
    const accepted = this.#accepted
    if (accepted.length >= this.rules.minClients && accepted.length > 0)
      this.#end(() => this.#resolve([...accepted].sort((a, b) => compareText(a.client, b.client))))
    else this.#end(() => this.#reject(this.#failure(why)))
  }

  #end(settle: () => void): void {
    clearTimeout(this.#deadline)
    clearTimeout(this.#grace)
    settle()
    this.#settled.abort()
  }

  #failure(why: 'everyone' | 'grace' | 'deadline'): RoundFailedError {
    const { round, clients, minClients, deadlineMs } = this.rules
    const missing = clients
      .filter((client) => this.#standings.get(client) !== 'accepted')
      .map((client) => `${client}: ${this.#troubles.get(client) ?? 'it sent no result'}`)
    const within = why === 'deadline' ? ` within ${formatDuration(deadlineMs)}` : ''
    return new RoundFailedError(
      `round ${round} got ${this.#accepted.length} of the ${minClients} results that it needs${within}; ${missing.join('; ')}`,
      why === 'deadline' ? { fix: 'Raise --round-deadline, or lower --min-clients.' } : {},
    )
  }

  #count(standing: Standing): number {
    let count = 0
    for (const each of this.#standings.values()) if (each === standing) count++
    return count
  }
}
