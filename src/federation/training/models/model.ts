import type { TensorData } from '../../tensors/weights.js'
import type { Examples } from '../examples.js'

/**
 * A differentiable model. It holds scratch arrays for one call at a time, so each round of training
 * creates one and drops it at its end. Its methods allocate nothing.
 */
export interface Model {
  /**
   * Adds `scale` times the sum of the gradients of examples `start` to `end` (exclusive) to
   * `gradient`. With `scale` = 1 / batch this is the gradient of the mean loss.
   *
   * `weights` and `gradient` hold the tensors in the order of the model's specs.
   */
  addGradient(gradient: readonly TensorData[], weights: readonly TensorData[], batch: Batch, scale: number): void
  /** Returns the sum of the losses of the examples. */
  sumLoss(weights: readonly TensorData[], batch: Batch): number
  /**
   * Returns how many of the examples are classified correctly. Zero for a model that does not
   * classify.
   */
  countRight(weights: readonly TensorData[], batch: Batch): number
}

export interface Batch {
  examples: Examples
  start: number
  end: number
}
