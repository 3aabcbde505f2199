import type { Readable } from 'node:stream'
import { compareText } from '../rounds/sample.js'
import { assertFinite } from '../tensors/finite.js'
import { type GlobalState, stateInMemory } from '../tensors/global-state.js'
import { readWeights } from '../tensors/safetensors/read-safetensors.js'
import type { Term } from '../tensors/value-loops.js'
import { allocateTensor, copyTensors, type TensorData, type Weights, weightsBytes } from '../tensors/weights.js'
import type { ResultClaim } from '../transport/messages.js'
import { type Aggregation, type AggregationSettings, type ReceivedResult, shareOf } from './aggregation.js'
import { meanIsNotFinite, type Overflow, type Part, sumIsNotFinite } from './mean-check.js'
import { combineTensor } from './weighted-sum.js'
import { OpenWeightsPool, type WeightsPool } from './weights-pool.js'

/**
 * Holds results in memory, one typed array a tensor. The next weights are formed in the arrays of
 * the first result, so the peak is (1 + |R|) M with `ordered`, and (2 + q) M with `arrival`, where
 * q results arrive at a time.
 *
 * No closure here refers to weights or shares a function with one that does. V8 compiles on its own
 * thread, and a closure waiting there outlives a collection with all it refers to; about one
 * cleanup in a hundred would leave two sets of weights behind.
 */
export function openBuffered(settings: AggregationSettings): Aggregation {
  return settings.summation === 'ordered' ? new OrderedAggregation(settings) : new ArrivalAggregation(settings)
}

interface Sum {
  add(result: ResultInMemory): void
  /** Releases a result whose memory the sum no longer needs. */
  letGo(result: ResultInMemory): void
}

class ResultInMemory implements ReceivedResult {
  readonly claim: ResultClaim
  readonly data: TensorData[]
  /**
   * The result came over the network: only this process holds its memory, so the mean may overwrite
   * it.
   */
  readonly isSpare: boolean
  readonly #sum: Sum

  constructor({ claim, data, isSpare }: Pick<ResultInMemory, 'claim' | 'data' | 'isSpare'>, sum: Sum) {
    this.claim = claim
    this.data = data
    this.isSpare = isSpare
    this.#sum = sum
  }

  count(): void {
    this.#sum.add(this)
  }

  drop(): void {
    this.#sum.letGo(this)
  }
}

/** Keeps every result until the end, then adds them by client name. */
class OrderedAggregation implements Aggregation {
  readonly #settings: AggregationSettings
  readonly #spares: OpenWeightsPool
  #held: ResultInMemory[] = []

  constructor(settings: AggregationSettings) {
    const { spares, ...others } = settings
    this.#settings = others
    this.#spares = new OpenWeightsPool(spares)
  }

  async receive(source: Readable | Weights, claim: ResultClaim): Promise<ReceivedResult> {
    const { data } = await receiveWeights(source, this.#settings, this.#spares)
    return new ResultInMemory({ claim, data, isSpare: !('data' in source) }, this)
  }

  add(result: ResultInMemory): void {
    this.#held.push(result)
  }

  letGo({ data, isSpare }: ResultInMemory): void {
    if (isSpare) this.#spares.giveBack({ specs: this.#settings.specs, data })
  }

  async combine(state: GlobalState): Promise<GlobalState> {
    const { specs, combination, digest } = this.#settings
    const current = await state.load()
    const held = this.#held.sort((a, b) => compareText(a.claim.client, b.claim.client))
    this.#held = []
    const accepted = held.map(({ claim }) => claim)
    const written = held.find(({ isSpare }) => isSpare)
    const data: TensorData[] = []
    for (const [tensor, spec] of specs.entries()) {
      const scale = combination.scale(accepted, spec)
      const { keep } = scale
      const terms: (Term & Part)[] = []
      for (const { claim, data } of held) {
        const share = shareOf(scale, combination.weight(claim, spec))
        terms.push({ client: claim.client, share, data: data[tensor]! })
      }
      const target = written?.data[tensor] ?? allocateTensor(spec)
      const index = combineTensor(target, { terms, current: current.data[tensor]!, keep })
      if (index !== -1) {
        const before = { client: undefined, share: keep, data: current.data[tensor]! }
        const parts = keep === 0 ? terms : [...terms, before]
        throw this.#notFinite(parts, { tensor: spec.name, index, at: index, value: target[index]!, target })
      }
      digest?.take(spec.name, target, target.byteLength)
      data.push(target)
    }
    for (const result of held) if (result !== written) this.letGo(result)
    return stateInMemory({ specs, data })
  }

  discard(): void {
    this.#held = []
    this.#spares.close()
  }

  #notFinite(parts: readonly Part[], overflow: Overflow): Error {
    return meanIsNotFinite(this.#settings.round, parts, overflow)
  }
}

/** Adds each result to a running mean as it comes, and releases it. */
class ArrivalAggregation implements Aggregation {
  readonly #settings: AggregationSettings
  readonly #spares: OpenWeightsPool
  #accepted: ResultClaim[] = []
  /** A tensor's running mean, in the array of the first result, and the sum of its weights. */
  #means: { data: TensorData; weight: number }[] = []

  constructor(settings: AggregationSettings) {
    const { spares, ...others } = settings
    this.#settings = others
    this.#spares = new OpenWeightsPool(spares)
  }

  async receive(source: Readable | Weights, claim: ResultClaim): Promise<ReceivedResult> {
    const received = await receiveWeights(source, this.#settings, this.#spares)
    // The running mean overwrites the first result, and a result made here may still be needed.
    const isOwn = 'data' in source
    const data = isOwn && this.#accepted.length === 0 ? copyTensors(received) : received.data
    return new ResultInMemory({ claim, data, isSpare: !isOwn }, this)
  }

  add(result: ResultInMemory): void {
    const { claim, data } = result
    const { specs, combination } = this.#settings
    for (const [tensor, spec] of specs.entries()) {
      const weight = combination.weight(claim, spec)
      const mean = this.#means[tensor]
      if (mean === undefined) this.#means.push({ data: data[tensor]!, weight })
      else addToMean(mean, weight, data[tensor]!)
    }
    if (this.#accepted.length > 0) this.letGo(result)
    this.#accepted.push(claim)
  }

  letGo({ data, isSpare }: ResultInMemory): void {
    if (isSpare) this.#spares.giveBack({ specs: this.#settings.specs, data })
  }

  async combine(state: GlobalState): Promise<GlobalState> {
    const { specs, combination, digest } = this.#settings
    const current = await state.load()
    const means = this.#means
    const accepted = this.#accepted
    this.discard()
    const data: TensorData[] = []
    for (const [tensor, spec] of specs.entries()) {
      const scale = combination.scale(accepted, spec)
      const mean = means[tensor]!
      const terms = [{ share: shareOf(scale, mean.weight), data: mean.data }]
      const index = combineTensor(mean.data, { terms, current: current.data[tensor]!, keep: scale.keep })
      if (index !== -1) throw this.#notFinite(accepted, { tensor: spec.name, index, value: mean.data[index]! })
      digest?.take(spec.name, mean.data, mean.data.byteLength)
      data.push(mean.data)
    }
    return stateInMemory({ specs, data })
  }

  discard(): void {
    this.#accepted = []
    this.#means = []
    this.#spares.close()
  }

  #notFinite(accepted: readonly ResultClaim[], place: Omit<Overflow, 'at'>): Error {
    const clients = accepted.map(({ client }) => client).sort(compareText)
    return sumIsNotFinite(this.#settings.round, clients, place)
  }
}

/** A mean rather than a sum, because a float32 sum of large weights could overflow. */
function addToMean(mean: { data: TensorData; weight: number }, weight: number, data: TensorData): void {
  const total = mean.weight + weight
  combineTensor(mean.data, {
    terms: [{ share: weight / total, data }],
    current: mean.data,
    keep: mean.weight / total,
  })
  mean.weight = total
}

async function receiveWeights(
  source: Readable | Weights,
  { specs, narrow }: AggregationSettings,
  spares: WeightsPool,
): Promise<Weights> {
  if (!('data' in source)) {
    const into = await spares.take()
    try {
      return await readWeights(source, { expected: specs, maxBytes: weightsBytes(specs), into, narrow })
    } catch (error) {
      if (into !== undefined) spares.giveBack(into)
      throw error
    }
  }
  for (const [tensor, data] of source.data.entries()) assertFinite(data, specs[tensor]!)
  return source
}
