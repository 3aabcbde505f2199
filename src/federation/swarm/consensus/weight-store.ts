import { SpareSets } from '../../aggregation/weights-pool.js'
import { weightsDigest } from '../../tensors/digest.js'
import { copyTensors, type TensorData, type Weights } from '../../tensors/weights.js'

/** What this peer made in a round. */
export interface OwnResult {
  round: number
  numExamples: number
  steps: number
  weights: Weights
}

/**
 * The weights that a peer holds: the global ones always, so that any peer can succeed; its own
 * result until the round commits, so that no training is repeated; and the proposal that it
 * confirmed.
 *
 * Memory of a finished round is kept for the next ones until a cleanup. Only tensors made here are
 * overwritten, and only when no transfer reads them.
 */
export class WeightStore {
  #global: Weights
  #globalDigest: string | undefined
  #own: OwnResult | undefined
  #proposed: { digest: string; weights: Weights } | undefined
  readonly spares: SpareSets
  /**
   * Tensors that this store alone holds. The initial weights and tensors of a trainer are not among
   * them.
   */
  readonly #made = new WeakSet<TensorData>()
  /** The number of transfers that read these weights. */
  readonly #readers = new Map<Weights, number>()

  /**
   * @param room sets that a round may need beyond the global one: a copy to train on, and what
   *   arrives, which is the proposal or, for an aggregator, the other peers' results
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

  /** Copies the global weights for training. */
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

  /** Returns whether this proposal's weights are here: a successor proposes the same ones again. */
  hasProposed(digest: string): boolean {
    return this.#proposed?.digest === digest
  }

  /** Returns the weights of this digest, proposed or committed. */
  find(digest: string): Weights | undefined {
    if (this.#proposed?.digest === digest) return this.#proposed.weights
    return this.#globalDigest === digest ? this.#global : undefined
  }

  /** Makes the proposal global and drops the rest of the round. */
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

  /** Keeps these weights unchanged until disposed, whatever commits meanwhile. */
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
    // A trainer may have left a tensor out, or returned one twice.
    const isWhole = weights.data.length === data.length && new Set(weights.data).size === data.length
    const isOurs = (tensor: TensorData, place: number) =>
      this.#made.has(tensor) && tensor.byteLength === data[place]!.byteLength
    return isWhole && weights.data.every(isOurs) && weights !== this.#global && !this.#readers.has(weights)
  }
}
