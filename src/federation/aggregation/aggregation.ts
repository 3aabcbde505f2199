/**
 * Where the results of one exchange wait and how they become the next state: in memory (`buffered`)
 * or in files (`spooled`).
 */
import type { Readable } from 'node:stream'
import type { RunningDigest } from '../tensors/digest.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { HalfPrecisionType } from '../tensors/half-precision.js'
import type { TensorSpec, Weights } from '../tensors/weights.js'
import type { ResultClaim } from '../transport/messages.js'
import type { WeightsPool } from './weights-pool.js'

/**
 * How results become the next state, tensor by tensor:
 *
 *     next = keep * current + rate * (sum over accepted results of weight_i / total * result_i)
 *
 * An algorithm states the numbers; an {@link Aggregation} does the arithmetic. FedAvg has weight_i
 * = n_i, keep = 1 - eta_g, rate = eta_g and total = sum n_i. SCAFFOLD's control variates, sent as
 * differences, have weight_i = 1, keep = 1, rate = 1 and total = N. Each weight is divided by the
 * total, because 1/total alone may be infinite.
 */
export interface Combination {
  /**
   * Returns the weight of one result in this tensor's sum, above zero. It is known when the result
   * arrives.
   */
  weight(claim: ResultClaim, tensor: TensorSpec): number
  /** Called once the accepted results are known. */
  scale(accepted: readonly ResultClaim[], tensor: TensorSpec): Scale
}

export interface Scale {
  keep: number
  rate: number
  /** Default 1. */
  total?: number
}

/** Returns the factor of a result in the next state. */
export function shareOf({ rate, total = 1 }: Scale, weight: number): number {
  return rate * (weight / total)
}

/**
 * `ordered` adds in the order of client names, so runs are bit-identical; `arrival` adds results as
 * they come and holds one set of weights.
 */
export type Summation = 'ordered' | 'arrival'

export interface AggregationSettings {
  round: number
  attempt: number
  /** The tensors that every result must have. */
  specs: readonly TensorSpec[]
  combination: Combination
  summation: Summation
  /**
   * Memory for results held in memory. Sets that the next state does not take are returned to it.
   */
  spares?: WeightsPool | undefined
  /** The 16-bit type in which float32 values arrive, if any. */
  narrow?: HalfPrecisionType | undefined
  /** Metadata of the next state where it is written to a file. */
  metadata: Record<string, string>
  /**
   * Takes in each tensor of the next state, formed in memory, while it is in the processor's cache.
   */
  digest?: RunningDigest | undefined
}

export interface Aggregation {
  /** Results that a killed server had acknowledged. They already count. */
  readonly recovered?: readonly ResultClaim[]
  /** The state that they made, if the server got that far. */
  readonly outcome?: { state: GlobalState; accepted: readonly ResultClaim[] } | undefined
  /**
   * Takes the tensors of one result and checks them completely. The result does not count yet.
   * Throws WeightsError when they break a rule, and keeps nothing of them.
   *
   * @param source a stream of safetensors, or weights made in this process, which are taken without
   *   a copy and stay unchanged where another result's memory can hold the mean
   */
  receive(source: Readable | Weights, claim: ResultClaim): Promise<ReceivedResult>
  /**
   * Computes the next state. `current` stays unchanged, since slow clients may still read it. Call
   * it once.
   */
  combine(current: GlobalState): Promise<GlobalState>
  /** Drops all received results at the end of the exchange, with or without an outcome. */
  discard(): void | Promise<void>
}

export interface ReceivedResult {
  /** Makes the result part of the sum. */
  count(): void
  /** Discards the result. */
  drop(): void
}

export type OpenAggregation = (settings: AggregationSettings) => Aggregation
