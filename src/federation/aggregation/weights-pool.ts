import { type GlobalState, stateInMemory } from '../tensors/global-state.js'
import type { Weights } from '../tensors/weights.js'

/**
 * Holds memory of unused weights for reuse: faulting in fresh pages takes longer than a transfer.
 */
export interface WeightsPool {
  take(): Weights | undefined | Promise<Weights | undefined>
  /** Returns weights of the same tensors that only the caller holds. */
  giveBack(weights: Weights): void
}

/** Keeps up to `most` sets. */
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

/** Keeps one state, in memory or in a file. */
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

/**
 * Wraps the pool of a turn while it lasts. What is returned later is dropped, since a cleanup may
 * have run.
 */
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
