import type { Readable } from 'node:stream'
import { firstNonFinite } from '../weights/finite.js'
import { type GlobalState, stateInMemory } from '../weights/global-state.js'
import { readWeights } from '../weights/read-safetensors.js'
import { WeightsError } from '../weights/safetensors-header.js'
import { allocateTensor, quote, type TensorData, type Weights, weightsBytes } from '../weights/weights.js'
import type { ResultClaim } from '../wire/messages.js'
import type { Aggregation, AggregationSettings, ReceivedResult } from './aggregation.js'
import { compareText } from './sample.js'
import { combineTensor } from './weighted-sum.js'

interface Held {
  claim: ResultClaim
  data: TensorData[]
  /** Came over the network: nobody else holds this memory, and the mean may be written over it. */
  isSpare: boolean
}

/**
 * Results wait in memory, one typed array a tensor. The next weights are formed in the arrays of the first result, so at
 * the peak there are (1 + |R|) M with `ordered`, and (2 + q) M with `arrival`, where q results are on their way at a time.
 */
export function openBuffered(settings: AggregationSettings): Aggregation {
  return settings.summation === 'ordered' ? new OrderedAggregation(settings) : new ArrivalAggregation(settings)
}

/** Keeps every result until the end, then adds them by client name. */
class OrderedAggregation implements Aggregation {
  readonly #settings: AggregationSettings
  #held: Held[] = []

  constructor(settings: AggregationSettings) {
    this.#settings = settings
  }

  async receive(source: Readable | Weights, claim: ResultClaim): Promise<ReceivedResult> {
    const { data } = await receiveWeights(source, this.#settings)
    return { count: () => this.#held.push({ claim, data, isSpare: !('data' in source) }), drop: () => {} }
  }

  async combine(state: GlobalState): Promise<GlobalState> {
    const { specs, combination } = this.#settings
    const current = await state.load()
    const held = this.#held.sort((a, b) => compareText(a.claim.client, b.claim.client))
    this.#held = []
    const accepted = held.map(({ claim }) => claim)
    const written = held.find(({ isSpare }) => isSpare)
    const data = specs.map((spec, tensor) => {
      const { keep, rate } = combination.scale(accepted, spec)
      const terms = held.map((result) => ({
        share: rate * combination.weight(result.claim, spec),
        data: result.data[tensor]!,
      }))
      const target = written?.data[tensor] ?? allocateTensor(spec)
      combineTensor(target, { terms, current: current.data[tensor]!, keep })
      return target
    })
    return stateInMemory({ specs, data })
  }

  discard(): void {
    this.#held = []
  }
}

/** Adds every result to one running mean as it comes, and lets go of it. */
class ArrivalAggregation implements Aggregation {
  readonly #settings: AggregationSettings
  #accepted: ResultClaim[] = []
  /** Per tensor: the mean of what came so far, in the array of the first result, and the sum of its weights. */
  #means: { data: TensorData; weight: number }[] = []

  constructor(settings: AggregationSettings) {
    this.#settings = settings
  }

  async receive(source: Readable | Weights, claim: ResultClaim): Promise<ReceivedResult> {
    const { data } = await receiveWeights(source, this.#settings)
    // The running mean is written over the first result, and another process may still need its own.
    const own = 'data' in source && this.#accepted.length === 0 ? data.map((tensor) => tensor.slice()) : data
    return { count: () => this.#add(claim, own), drop: () => {} }
  }

  #add(claim: ResultClaim, data: TensorData[]): void {
    const { specs, combination } = this.#settings
    const weights = specs.map((spec) => combination.weight(claim, spec))
    if (this.#accepted.length === 0)
      this.#means = data.map((first, tensor) => ({ data: first, weight: weights[tensor]! }))
    else for (const [tensor, mean] of this.#means.entries()) addToMean(mean, weights[tensor]!, data[tensor]!)
    this.#accepted.push(claim)
  }

  async combine(state: GlobalState): Promise<GlobalState> {
    const { specs, combination } = this.#settings
    const current = await state.load()
    const means = this.#means
    const accepted = this.#accepted
    this.discard()
    const data = specs.map((spec, tensor) => {
      const { keep, rate } = combination.scale(accepted, spec)
      const mean = means[tensor]!
      const terms = [{ share: rate * mean.weight, data: mean.data }]
      combineTensor(mean.data, { terms, current: current.data[tensor]!, keep })
      return mean.data
    })
    return stateInMemory({ specs, data })
  }

  discard(): void {
    this.#accepted = []
    this.#means = []
  }
}

/** A mean rather than a sum, since a float32 sum of large weights could overflow. */
function addToMean(mean: { data: TensorData; weight: number }, weight: number, data: TensorData): void {
  const total = mean.weight + weight
  combineTensor(mean.data, {
    terms: [{ share: weight / total, data }],
    current: mean.data,
    keep: mean.weight / total,
  })
  mean.weight = total
}

async function receiveWeights(source: Readable | Weights, { specs }: AggregationSettings): Promise<Weights> {
  if (!('data' in source)) return readWeights(source, { expected: specs, maxBytes: weightsBytes(specs) })
  for (const [tensor, data] of source.data.entries()) {
    const index = firstNonFinite(data)
    if (index !== -1)
      throw new WeightsError(`tensor ${quote(specs[tensor]!.name)} has the value ${data[index]} at index ${index}`)
  }
  return source
}
