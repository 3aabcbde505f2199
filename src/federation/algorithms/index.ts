/**
 * `tidemark/algorithm`: the parts of an algorithm in a file of its own. docs/adding-an-algorithm.md
 * walks through one.
 */
import type { Algorithm } from './algorithm.js'

export type { ExchangeRequest, RoundCommit } from '../rounds/exchange.js'
export { RoundFailedError } from '../rounds/result-collector.js'
export { allocateTensor, type TensorData, type TensorSpec, type Weights } from '../tensors/weights.js'
export type { LocalTraining } from '../training/local-training.js'
export { computeGradient, sgdSteps } from '../training/sgd.js'
export { createSgdTrainer, planOfRound } from '../training/sgd-trainer.js'
export type { ClientSide, Trainer, TrainingResult } from '../training/trainer.js'
export type { Algorithm, RoundSteps } from './algorithm.js'
export { fedavg, weightedMean } from './fedavg.js'

/** Types the file of an algorithm; faults are reported when it is loaded. */
export function defineAlgorithm(algorithm: Algorithm): Algorithm {
  return algorithm
}
