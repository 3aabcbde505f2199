import type { Examples } from './examples.js'
import type { Model } from './model.js'
import { sgdSteps, stepsOfEpochs } from './sgd.js'
import type { Trainer } from './trainer.js'

export interface LocalTraining {
  examples: Examples
  /** Called for each round, so that the model's scratch arrays go with the round. */
  createModel: () => Model
  localEpochs: number
  /** Steps a round instead of whole epochs; 0 uses `localEpochs`. */
  localSteps: number
  batchSize: number
  learningRate: number
  l2?: number
}

/** Gradient descent on a client's own examples, from the weights of the round, in place. */
export function createSgdTrainer(training: LocalTraining): Trainer {
  const { examples, localEpochs, localSteps, batchSize, learningRate, l2 = 0 } = training
  const numExamples = examples.count
  const epochSteps = stepsOfEpochs(localEpochs, numExamples, batchSize)
  const steps = numExamples === 0 ? 0 : localSteps > 0 ? localSteps : epochSteps
  return {
    numExamples,
    train: async (weights, round, signal) => {
      // Fewer steps than a pass has: the next round goes on where this one stopped, or the rest would never be seen.
      const firstBatch = localSteps > 0 ? (round - 1) * localSteps : 0
      const plan = { steps, batchSize, learningRate, l2, firstBatch, signal }
      await sgdSteps(training.createModel(), weights, examples, plan)
      return { weights, numExamples, steps }
    },
  }
}
