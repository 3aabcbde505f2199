import type { Algorithm } from '../../src/federation/algorithms/algorithm.js'
import { fedavg } from '../../src/federation/algorithms/fedavg.js'
import { scaffold } from '../../src/federation/algorithms/scaffold.js'
import type { RoundSettings } from '../../src/federation/rounds/exchange.js'
import type { LocalTraining } from '../../src/federation/training/local-training.js'
import { createScaffoldTrainer } from '../../src/federation/training/scaffold-trainer.js'
import { createSgdTrainer } from '../../src/federation/training/sgd-trainer.js'
import type { Trainer } from '../../src/federation/training/trainer.js'
import { roundOptions } from '../../src/options/federation.js'
import { defaultValues } from '../../src/options/types/spec.js'

/** An algorithm with its clients' side, as the experiments compare them. */
export interface Method {
  name: string
  algorithm: Algorithm
  trainer(training: LocalTraining): Trainer
}

export const FEDAVG: Method = { name: 'FedAvg', algorithm: fedavg, trainer: createSgdTrainer }

export const SCAFFOLD_I: Method = {
  name: 'SCAFFOLD I',
  algorithm: scaffold,
  trainer: (training) => createScaffoldTrainer(training, 'I'),
}

export const SCAFFOLD_II: Method = {
  name: 'SCAFFOLD II',
  algorithm: scaffold,
  trainer: (training) => createScaffoldTrainer(training, 'II'),
}

/** The settings of a round with their defaults, and the plain mean, which is the one of SCAFFOLD's paper. */
export function uniformRounds(changes: Pick<RoundSettings, 'clients'> & Partial<RoundSettings>): RoundSettings {
  return { ...defaultValues(roundOptions), seed: 1, weighting: 'uniform', ...changes }
}
