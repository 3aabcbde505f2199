import { partitionExamples } from '../data-partition.js'
import type { LocalTraining } from '../local-training.js'
import { createModel } from '../models/model-choice.js'
import { createSgdTrainer } from '../sgd-trainer.js'
import type { ClientPlace, ClientSide, OwnOptions, Trainer, TrainingSettings } from '../trainer.js'
import { examplesOf, readDigits, splitDigits } from './digits.js'

/** Trains on this client's share of the digits and keeps only that in memory. */
export async function createDigitsTrainer(
  settings: TrainingSettings & OwnOptions,
  place: ClientPlace,
  { trainer = createSgdTrainer }: ClientSide,
): Promise<Trainer> {
  const { localEpochs, localSteps, batchSize, localLearningRate: learningRate } = settings
  const training: LocalTraining = {
    examples: shareOf(settings, place),
    createModel: () => createModel(settings),
    localEpochs,
    localSteps,
    batchSize,
    learningRate,
  }
  return trainer(training, settings)
}

function shareOf({ split, seed }: TrainingSettings, { index, clients }: ClientPlace) {
  const digits = readDigits()
  const { dealt } = splitDigits()
  const labels = dealt.map((image) => digits.labels[image]!)
  const own = partitionExamples(labels, { split, seed, clients })[index] ?? []
  return examplesOf(
    digits,
    own.map((position) => dealt[position]!),
  )
}
