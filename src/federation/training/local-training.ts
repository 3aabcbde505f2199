import type { Examples } from './examples.js'
import type { Model } from './models/model.js'
export interface LocalTraining {
  examples: Examples
  /** Called for each round, so that the model's scratch arrays are freed with the round. */
  createModel: () => Model
  localEpochs: number
  /** Steps a round instead of whole epochs; 0 uses `localEpochs`. */
  localSteps: number
  batchSize: number
  learningRate: number
  l2?: number
}
