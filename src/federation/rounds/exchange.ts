import type { OptionValues, roundOptions } from '../../options.js'
import type { Weights } from '../weights/weights.js'
import type { ResultClaim } from '../wire/messages.js'
import type { Combination, OpenAggregation } from './aggregation.js'
import { Collection } from './collection.js'
import type { Desk } from './desk.js'

export type RoundSettings = OptionValues<typeof roundOptions>

export interface ExchangeRequest {
  clients: readonly string[]
  send: Weights
  /** Accepted results that the exchange needs. */
  minClients: number
  combination: Combination
}

export interface RoundCommit {
  state: Weights
  /** Whose results are in it. Sorted by name. */
  accepted: readonly ResultClaim[]
}

export interface ExchangeContext {
  round: number
  attempt: number
  settings: RoundSettings
  /** Where the weights are given out. */
  desk: Pick<Desk, 'give' | 'clear'>
  openAggregation: OpenAggregation
  signal: AbortSignal
}

/** Sends weights to the clients, gathers what they make of them, and puts it together. Throws RoundFailedError. */
export async function exchange(request: ExchangeRequest, context: ExchangeContext): Promise<RoundCommit> {
  const { clients, send, minClients, combination } = request
  const { round, attempt, settings, desk, signal } = context
  const aggregation = context.openAggregation({ specs: send.specs, combination, summation: settings.summation })
  const collection = new Collection(
    { round, attempt, clients, minClients, graceMs: settings.graceMs, deadlineMs: settings.roundDeadlineMs },
    aggregation,
  )
  const cancel = () => collection.cancel(signal.reason)
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  desk.give({ weights: send, collection })
  try {
    const accepted = await collection.outcome
    desk.clear()
    return { state: await aggregation.combine(send), accepted }
  } finally {
    signal.removeEventListener('abort', cancel)
    desk.clear()
    // Nothing may outlive the round: the desk keeps the collection to answer late results, and it keeps the aggregation.
    aggregation.discard()
  }
}
