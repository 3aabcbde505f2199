/**
 * Where the results of one exchange wait and how they become the next state: in memory (`buffered`) or in files (`spooled`).
 */
import type { Readable } from 'node:stream'
import type { RunningDigest } from '../tensors/digest.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { HalfPrecisionType } from '../tensors/half-precision.js'
import type { TensorSpec, Weights } from '../tensors/weights.js'
import type { ResultClaim } from '../transport/messages.js'
import type { WeightsPool } from './weights-pool.js'

/**
 * How results are put together, tensor by tensor:
 *
 *     next = keep * current + rate * (sum over the accepted results of (weight_i / total) * result_i)
 *
 * An algorithm states the numbers; an {@link Aggregation} does the arithmetic. FedAvg has weight_i = n_i,
 * keep = 1 - eta_g, rate = eta_g and total = sum n_i. SCAFFOLD's control variates, sent as differences, have weight_i = 1,
 * keep = 1, rate = 1 and total = N. Each weight is divided by the total: 1/total alone may be infinite.
 */
export interface Combination {
  /** The weight of one result in the sum of this tensor; above zero. Known as soon as the result is there. */
  weight(claim: ResultClaim, tensor: TensorSpec): number
  /** Once it is known who was accepted. */
  scale(accepted: readonly ResultClaim[], tensor: TensorSpec): Scale
}

export interface Scale {
  keep: number
  rate: number
  /** 1 where it is left out. */
  total?: number
}

/** The factor of a result in the next state. */
export function shareOf({ rate, total = 1 }: Scale, weight: number): number {
  return rate * (weight / total)
}

/** `ordered` adds in the order of client names, so that runs are bit-identical; `arrival` as results come, with one set of weights as the sum. */
export type Summation = 'ordered' | 'arrival'

export interface AggregationSettings {
  round: number
  attempt: number
  /** The tensors that every result must have. */
  specs: readonly TensorSpec[]
  combination: Combination
  summation: Summation
  /** Where results wait in memory, they are received into these, and those that the next state does not take go back. */
  spares?: WeightsPool | undefined
  /** The type that float32 values come in over the network, where it is another one. */
  narrow?: HalfPrecisionType | undefined
  /** What the next state says of itself where it is written to a file. */
  metadata: Record<string, string>
  /** Where the next state is formed in memory, takes in each of its tensors while that is in the processor's cache. */
  digest?: RunningDigest | undefined
}

export interface Aggregation {
  /** Results that a server which was killed had acknowledged. They count already. */
  readonly recovered?: readonly ResultClaim[]
  /** What they made together, where it had come to that. */
  readonly outcome?: { state: GlobalState; accepted: readonly ResultClaim[] } | undefined
  /**
   * Takes the tensors of one result and checks them in full. Nothing of it counts yet.
   * Throws WeightsError when they break a rule; then nothing of them is kept.
   *
   * @param source a stream of safetensors, or weights that this process made itself: those are taken as they are, without a
   *   copy, and stay as they are where another result's memory can hold the mean
   */
  receive(source: Readable | Weights, claim: ResultClaim): Promise<ReceivedResult>
  /** The next state. `current` is left as it is, since slow clients may still be reading it. Call it once. */
  combine(current: GlobalState): Promise<GlobalState>
  /** The exchange is over, with or without an outcome: forgets everything that was received. */
  discard(): void | Promise<void>
}

export interface ReceivedResult {
  /** From here on the result is part of the sum. */
  count(): void
  /** It never will be. */
  drop(): void
}

export type OpenAggregation = (settings: AggregationSettings) => Aggregation
