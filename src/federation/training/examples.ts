import type { TensorData } from '../tensors/weights.js'

/** Examples to train on or to classify. Both arrays are row-major, one row an example. */
export interface Examples {
  readonly count: number
  readonly features: TensorData
  /** Class numbers, 0 or 1, or numbers to predict, as the model takes them. */
  readonly targets: TensorData
}
