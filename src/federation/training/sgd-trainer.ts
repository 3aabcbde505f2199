import type { LocalTraining } from './local-training.js'

import { type SgdPlan, sgdSteps, stepsOfEpochs } from './sgd.js'
import type { Trainer } from './trainer.js'

/** Gradient descent on a client's own examples, from the weights of the round, in place. */
export function createSgdTrainer(training: LocalTraining): Trainer {
  const { examples } = training
  const numExamples = examples.count
  return {
    numExamples,
    train: async (weights, round, { signal } = {}) => {
      const plan = planOfRound(training, round)
      await sgdSteps(training.createModel(), weights, examples, { ...plan, signal })
      return { weights, numExamples, steps: plan.steps }
    },
  }
}

/** The steps of one round. */
export function planOfRound(training: LocalTraining, round: number): SgdPlan {
  const { examples, localEpochs, localSteps, batchSize, learningRate, l2 = 0 } = training
  const epochSteps = stepsOfEpochs(localEpochs, examples.count, batchSize)
  return {
    steps: examples.count === 0 ? 0 : localSteps > 0 ? localSteps : epochSteps,
    batchSize,
    learningRate,
    l2,
    // Fewer steps than a pass has: the next round goes on where this one stopped, or the rest would never be seen.
    firstBatch: localSteps > 0 ? (round - 1) * localSteps : 0,
  }
}
