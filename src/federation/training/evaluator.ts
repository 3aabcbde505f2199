import type { Weights } from '../tensors/weights.js'

export interface Evaluator {
  /**
   * Returns the share of the 397 held-out digits that these weights classify correctly, 0 to 1. It
   * needs about 100 KB beside the weights.
   */
  accuracy(weights: Weights): number
}
