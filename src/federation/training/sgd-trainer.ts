import type { LocalTraining } from './local-training.js'

import { type SgdPlan, sgdSteps, stepsOfEpochs } from './sgd.js'
import type { Trainer } from './trainer.js'

/** Trains by gradient descent on a client's own examples, in place, from the round's weights. */
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

/** Returns the steps of one round. */
export function planOfRound(training: LocalTraining, round: number): SgdPlan {
  const { examples, localEpochs, localSteps, batchSize, learningRate, l2 = 0 } = training
  const epochSteps = stepsOfEpochs(localEpochs, examples.count, batchSize)
  return {
    steps: examples.count === 0 ? 0 : localSteps > 0 ? localSteps : epochSteps,
    batchSize,
    learningRate,
    l2,
    // With fewer steps than a pass, the next round continues where this one stopped; otherwise the
    // rest would never be used.
    firstBatch: localSteps > 0 ? (round - 1) * localSteps : 0,
  }
}
