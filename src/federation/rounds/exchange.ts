import type { jobOptions, roundOptions } from '../../options/federation.js'
import type { serverOptions } from '../../options/roles.js'
import type { OptionValues } from '../../options/types/spec.js'
import type { Combination } from '../aggregation/aggregation.js'
import type { Storage } from '../aggregation/storage.js'
import { SpareState } from '../aggregation/weights-pool.js'
import { failpoint } from '../failpoint.js'
import type { GlobalState } from '../tensors/global-state.js'
import { WIRE_TYPES } from '../tensors/half-precision.js'
import { weightsBytes } from '../tensors/weights.js'
import type { ResultClaim } from '../transport/messages.js'
import { type OtherStanding, ResultCollector, RoundFailedError } from './result-collector.js'
import type { TaskDispatcher } from './task-dispatcher.js'

export type RoundSettings = OptionValues<typeof roundOptions> &
  Pick<OptionValues<typeof jobOptions>, 'clients' | 'seed'> &
  // Peers of a swarm exchange float32.
  Partial<Pick<OptionValues<typeof serverOptions>, 'wireDtype'>>

export interface ExchangeRequest {
  clients: readonly string[]
  /**
   * Clients of the round outside this exchange, where a round has several, so that their results
   * are judged correctly.
   */
  others?: ReadonlyMap<string, OtherStanding>
  send: GlobalState
  /** Weights that are no longer needed, whatever this exchange brings. They are overwritten. */
  spare?: GlobalState | undefined
  /** Accepted results that the exchange needs. */
  minClients: number
  combination: Combination
}

export interface RoundCommit {
  state: GlobalState
  /** Whose results the outcome holds. Sorted by name. */
  accepted: readonly ResultClaim[]
}

export interface ExchangeContext {
  round: number
  attempt: number
  settings: RoundSettings
  /** Gives out the weights. */
  desk: Pick<TaskDispatcher, 'give' | 'clear'>
  storage: Pick<Storage, 'assertRoom' | 'openAggregation'>
  /** Metadata of the next state where it is written to a file. */
  metadata: Record<string, string>
  signal: AbortSignal
}

/**
 * Sends a state to the clients, gathers their results, and combines them. Throws RoundFailedError.
 */
export async function exchange(request: ExchangeRequest, context: ExchangeContext): Promise<RoundCommit> {
  const { clients, others, send, spare, minClients, combination } = request
  const { round, attempt, settings, desk, storage, metadata, signal } = context
  const { specs } = send
  await storage.assertRoom(clients.length, weightsBytes(specs))
  const { summation, wireDtype = 'float32' } = settings
  const narrow = WIRE_TYPES[wireDtype]
  const aggregation = storage.openAggregation({
    round,
    attempt,
    specs,
    combination,
    summation,
    spares: spare && new SpareState(spare),
    narrow,
    metadata,
  })
  if (aggregation.outcome !== undefined) return aggregation.outcome
  const collection = new ResultCollector(
    { round, attempt, clients, others, minClients, graceMs: settings.graceMs, deadlineMs: settings.roundDeadlineMs },
    aggregation,
  )
  const cancel = () => collection.cancel(signal.reason)
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  desk.give({ state: send, collection })
  try {
    const accepted = await collection.outcome
    desk.clear()
    failpoint('round-settled')
    const state = await aggregation.combine(send)
    failpoint('mean-renamed')
    await aggregation.discard()
    return { state, accepted }
  } catch (error) {
    // Another end of the round, a stop or a full disk, loses nothing that was acknowledged: the job
    // may be resumed.
    if (error instanceof RoundFailedError) await aggregation.discard()
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
    desk.clear()
  }
}
