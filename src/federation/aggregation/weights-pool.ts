import { type GlobalState, stateInMemory } from '../tensors/global-state.js'
import type { Weights } from '../tensors/weights.js'

/** Memory of weights that nobody needs any more, to be written over: faulting fresh pages in takes longer than a transfer. */
export interface WeightsPool {
  take(): Weights | undefined | Promise<Weights | undefined>
  /** Weights of the same tensors, which nobody else holds. */
  giveBack(weights: Weights): void
}

/** Up to `most` sets. */
export class SpareSets implements WeightsPool {
  readonly #most: number
  #sets: Weights[] = []

  constructor(most: number) {
    this.#most = most
  }

  take(): Weights | undefined {
    return this.#sets.pop()
  }

  giveBack(weights: Weights): void {
    if (this.#sets.length < this.#most) this.#sets.push(weights)
  }

  drop(): void {
    this.#sets = []
  }
}

/** One state, wherever it lies. */
export class SpareState implements WeightsPool {
  #state: GlobalState | undefined

  constructor(state: GlobalState) {
    this.#state = state
  }

  async take(): Promise<Weights | undefined> {
    const state = this.#state
    this.#state = undefined
    return state?.load()
  }

  giveBack(weights: Weights): void {
    this.#state = stateInMemory(weights)
  }
}

/** The spares of a turn, as long as it lasts: what comes back later is nobody's, since a cleanup may have been meanwhile. */
export class OpenWeightsPool implements WeightsPool {
  #spares: WeightsPool | undefined

  constructor(spares: WeightsPool | undefined) {
    this.#spares = spares
  }

  async take(): Promise<Weights | undefined> {
    return this.#spares?.take()
  }

  giveBack(weights: Weights): void {
    this.#spares?.giveBack(weights)
  }

  close(): void {
    this.#spares = undefined
  }
}
