import { weightsDigest } from '../weights/digest.js'
import type { Weights } from '../weights/weights.js'

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
 */
export class KeptWeights {
  #global: Weights
  #globalDigest: string | undefined
  #own: OwnResult | undefined
  #proposed: { digest: string; weights: Weights } | undefined

  constructor(initial: Weights) {
    this.#global = initial
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

  keepOwn(own: OwnResult): void {
    this.#own = own
  }

  keepProposed(digest: string, weights: Weights): void {
    this.#proposed = { digest, weights }
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
    this.#global = weights
    this.#globalDigest = digest
    this.#own = undefined
    this.#proposed = undefined
  }
}
