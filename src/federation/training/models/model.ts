import type { TensorData } from '../../tensors/weights.js'
import type { Examples } from '../examples.js'

/**
 * A differentiable model. It holds scratch arrays for one call at a time, so it is made anew for each round of training and
 * dropped after it; its methods allocate nothing.
 */
export interface Model {
  /**
   * Adds `scale` times the sum of the gradients of examples `start` to `end` (excluded) to `gradient`. With
   * `scale` = 1 / batch this is the gradient of the mean loss.
   *
   * `weights` and `gradient` hold the tensors in the order of the model's specs.
   */
  addGradient(gradient: readonly TensorData[], weights: readonly TensorData[], batch: Batch, scale: number): void
  /** The sum of the losses of the examples. */
  sumLoss(weights: readonly TensorData[], batch: Batch): number
  /** How many of the examples are classified rightly. Zero for a model that does not classify. */
  countRight(weights: readonly TensorData[], batch: Batch): number
}

export interface Batch {
  examples: Examples
  start: number
  end: number
}
