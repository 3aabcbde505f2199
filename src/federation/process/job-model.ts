import { TidemarkError } from '../../shared/errors.js'
import type { Algorithm } from '../algorithms/algorithm.js'
import { algorithmNamed, ownOptions } from '../algorithms/all.js'
import { stateSpecs } from '../algorithms/state.js'
import { tensorSchemaDifference } from '../tensors/tensor-schema.js'
import type { Weights } from '../tensors/weights.js'
import { createEvaluator } from '../training/create-evaluator.js'
import { createTrainer } from '../training/create-trainer.js'
import { drawWeights } from '../training/initial-weights.js'
import { modelSpecs } from '../training/models/model-choice.js'
import type { JobSettings, MakeTrainer, ServerModel } from './job.js'

/** Returns the model that a job's settings ask for. */
export async function loadServerModel(settings: JobSettings): Promise<ServerModel> {
  const evaluator = await createEvaluator(settings)
  const initial = drawWeights(settings, settings.seed)
  return evaluator === undefined ? { initial } : { initial, accuracy: (weights) => evaluator.accuracy(weights) }
}

/** Makes the trainer that a job's settings ask for, at its place among the clients. */
export const makeTrainer: MakeTrainer = trainerMaker(undefined)

/** @param own the algorithm of the client's own file, for a server that has it too */
export function trainerMaker(own: Algorithm | undefined): MakeTrainer {
  return async (settings, place) => {
    const algorithm = algorithmNamed(settings.algorithm, own)
    const of = { ...settings, own: ownOptions(algorithm, settings.algorithmOptions) }
    const trainer = await createTrainer(of, place, algorithm)
    return {
      ...trainer,
      train: async (weights, round, between) => {
        assertModel(settings, algorithm, weights)
        return trainer.train(weights, round, between)
      },
    }
  }
}

/**
 * The loops over weights trust the lengths of what they are given, and these weights came over the
 * network.
 */
function assertModel(settings: JobSettings, algorithm: Algorithm, weights: Weights): void {
  const difference = tensorSchemaDifference(weights.specs, stateSpecs(algorithm, modelSpecs(settings)))
  if (difference !== undefined) throw new TidemarkError(`the server sent weights of another model: ${difference}`)
}
