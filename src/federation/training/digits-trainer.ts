import { dealExamples } from './deal.js'
import { examplesOf, readDigits, splitDigits } from './digits.js'
import { createModel } from './model-choice.js'
import { createScaffoldTrainer } from './scaffold-trainer.js'
import { createSgdTrainer, type LocalTraining } from './sgd-trainer.js'
import type { ClientPlace, Trainer, TrainingSettings } from './trainer.js'

/** Trains on this client's share of the digits, which is all that is kept of them. */
export function createDigitsTrainer(settings: TrainingSettings, place: ClientPlace): Trainer {
  const { localEpochs, localSteps, batchSize, localLearningRate: learningRate } = settings
  return localTrainers[settings.algorithm](
    {
      examples: shareOf(settings, place),
      createModel: () => createModel(settings),
      localEpochs,
      localSteps,
      batchSize,
      learningRate,
    },
    settings,
  )
}

/** What a client of each algorithm does. */
const localTrainers: Record<
  TrainingSettings['algorithm'],
  (training: LocalTraining, settings: TrainingSettings) => Trainer
> = {
  fedavg: createSgdTrainer,
  scaffold: (training, { scaffoldOption }) => createScaffoldTrainer(training, scaffoldOption),
  cyclic: createSgdTrainer,
}

function shareOf({ split, seed }: TrainingSettings, { index, clients }: ClientPlace) {
  const digits = readDigits()
  const { dealt } = splitDigits()
  const labels = dealt.map((image) => digits.labels[image]!)
  const own = dealExamples(labels, { split, seed, clients })[index] ?? []
  return examplesOf(
    digits,
    own.map((position) => dealt[position]!),
  )
}
