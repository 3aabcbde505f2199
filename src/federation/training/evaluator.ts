import type { Weights } from '../tensors/weights.js'

export interface Evaluator {
  /**
   * Share of the 397 held-out digits that these weights classify rightly, 0 to 1. Needs about 100 KB beside the weights,
   * however large those are.
   */
  accuracy(weights: Weights): number
}
