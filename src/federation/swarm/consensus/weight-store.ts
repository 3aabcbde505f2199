import { SpareSets } from '../../aggregation/weights-pool.js'
import { weightsDigest } from '../../tensors/digest.js'
import { copyTensors, type TensorData, type Weights } from '../../tensors/weights.js'

/** What this peer made of a round. */
export interface OwnResult {
  round: number
  numExamples: number
  steps: number
  weights: Weights
}

/**
 * The weights that a peer holds: the global ones always, which is what makes succession possible; its own result until the
 * round is committed, so that nobody has to train again; and the proposal that it has confirmed.
 *
 * Memory of a round that is over is kept for the next ones, until a cleanup. Only what was made here is written over, and only
 * once no transfer reads it.
 */
export class WeightStore {
  #global: Weights
  #globalDigest: string | undefined
  #own: OwnResult | undefined
  #proposed: { digest: string; weights: Weights } | undefined
  readonly spares: SpareSets
  /** Tensors that nobody outside holds: not those of the first weights, nor of a trainer that made new ones. */
  readonly #made = new WeakSet<TensorData>()
  /** How many transfers read these weights. */
  readonly #readers = new Map<Weights, number>()

  /**
   * @param room sets that a round may need room for besides the global one: a copy to train on, and what comes over the
   *   network, the proposal or, to an aggregator, the results of the others
   */
  constructor(initial: Weights, room: number) {
    this.#global = initial
    this.spares = new SpareSets(room)
  }

  get global(): Weights {
    return this.#global
  }

  get globalDigest(): string {
    this.#globalDigest ??= weightsDigest(this.#global)
    return this.#globalDigest
  }

  get own(): OwnResult | undefined {
    return this.#own
  }

  /** The global weights once more, to train on. */
  copyGlobal(): Weights {
    const { specs } = this.#global
    return this.#note({ specs, data: copyTensors(this.#global, this.spares.take()) })
  }

  keepOwn(own: OwnResult): void {
    this.#own = own
  }

  keepProposed(digest: string, weights: Weights): void {
    this.#proposed = { digest, weights: this.#note(weights) }
  }

  /** Whether the weights of this proposal are here: a successor proposes the same ones again. */
  hasProposed(digest: string): boolean {
    return this.#proposed?.digest === digest
  }

  /** The weights of this digest, proposed or committed. */
  find(digest: string): Weights | undefined {
    if (this.#proposed?.digest === digest) return this.#proposed.weights
    return this.#globalDigest === digest ? this.#global : undefined
  }

  /** The proposal becomes the global weights; all else of the round is dropped. */
  commit(digest: string): void {
    const weights = this.find(digest)
    if (weights === undefined) throw new Error(`the weights of ${digest} are not held`)
    this.replace(digest, weights)
  }

  replace(digest: string, weights: Weights): void {
    const past = [this.#global, this.#own?.weights]
    this.#global = this.#note(weights)
    this.#globalDigest = digest
    this.#own = undefined
    this.#proposed = undefined
    const { specs } = weights
    for (const each of past)
      if (each !== undefined && this.#isFree(each)) this.spares.giveBack({ specs, data: each.data })
  }

  /** Until it is disposed of, these weights stay as they are, whatever is committed meanwhile. */
  reading(weights: Weights): Disposable {
    this.#readers.set(weights, (this.#readers.get(weights) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const others = this.#readers.get(weights)! - 1
        if (others > 0) this.#readers.set(weights, others)
        else this.#readers.delete(weights)
      },
    }
  }

  #note(weights: Weights): Weights {
    for (const tensor of weights.data) this.#made.add(tensor)
    return weights
  }

  #isFree(weights: Weights): boolean {
    const { data } = this.#global
    // A trainer may have left a tensor out of its result, or put one in twice.
    const isWhole = weights.data.length === data.length && new Set(weights.data).size === data.length
    const isOurs = (tensor: TensorData, place: number) =>
      this.#made.has(tensor) && tensor.byteLength === data[place]!.byteLength
    return isWhole && weights.data.every(isOurs) && weights !== this.#global && !this.#readers.has(weights)
  }
}
