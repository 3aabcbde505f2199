import type { jobOptions, trainingOptions } from '../../options/federation.js'
import type { OptionValues } from '../../options/types/spec.js'
import type { Weights } from '../tensors/weights.js'
import type { LocalTraining } from './local-training.js'

/** The options of a job that concern training, the same for all clients. */
export type TrainingSettings = Pick<OptionValues<typeof jobOptions>, 'trainer' | 'model' | 'modelSize' | 'seed'> &
  OptionValues<typeof trainingOptions>

/** A client's position, counted from 0 in the order of sorted names. */
export interface ClientPlace {
  index: number
  clients: number
}

/** What a client does with the weights of a round. A trainer keeps only its data between rounds. */
export interface Trainer {
  readonly numExamples: number
  /** The trainer needs what it kept: a client that lost it must not continue as if it were new. */
  readonly isStateful?: true
  /**
   * The trainer refers to nothing that it returned: once that was sent, the next round may reuse
   * its memory.
   */
  readonly reusesInput?: true
  /**
   * Trains from these weights, which belong to the trainer from then on: the result may be the same
   * arrays. An abort of the signal stops it, and it rejects.
   */
  train(weights: Weights, round: number, between?: BetweenRounds): Promise<TrainingResult>
}

export interface BetweenRounds {
  /**
   * The `keep` of this client's last confirmed result; absent before that. It must not be changed.
   */
  kept?: Weights | undefined
  signal?: AbortSignal | undefined
}

export interface TrainingResult {
  /** The weights to send. */
  weights: Weights
  numExamples: number
  /** Local steps made, K. */
  steps: number
  /** The state to keep for the next round once the server has confirmed this result. */
  keep?: Weights
}

/** An algorithm's description of its clients. */
export interface ClientSide {
  /** Clients send differences to the weights that they received. */
  readonly sendsDifferences?: true
  /** Creates a client's trainer. Default: gradient steps from the round's weights. */
  trainer?(training: LocalTraining, settings: TrainingSettings & OwnOptions): Trainer | Promise<Trainer>
}

export interface OwnOptions {
  /** A value for each option of the algorithm. */
  own: Readonly<Record<string, number>>
}

/** Echo trainer for memory tests: sends back what came, with the weight of one example. */
export const echoTrainer: Trainer = {
  numExamples: 1,
  reusesInput: true,
  train: async (weights) => ({ weights, numExamples: 1, steps: 0 }),
}

/** Echo trainer for algorithms that exchange differences: returns zeros. */
export const zeroTrainer: Trainer = {
  numExamples: 1,
  reusesInput: true,
  train: async (weights) => {
    for (const tensor of weights.data) tensor.fill(0)
    return { weights, numExamples: 1, steps: 0 }
  },
}
