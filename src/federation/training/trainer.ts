import type { jobOptions, trainingOptions } from '../../options/federation.js'
import type { OptionValues } from '../../options/spec.js'
import type { Weights } from '../tensors/weights.js'
import type { LocalTraining } from './local-training.js'

/** The options of a job that bear on training; they are the same for all clients. */
export type TrainingSettings = Pick<OptionValues<typeof jobOptions>, 'trainer' | 'model' | 'modelSize' | 'seed'> &
  OptionValues<typeof trainingOptions>

/** Which of the clients this one is, counted from 0 in the sorted order of their names. */
export interface ClientPlace {
  index: number
  clients: number
}

/** What a client does in a round with what it was sent. Itself it keeps nothing between rounds but its data. */
export interface Trainer {
  readonly numExamples: number
  /** It goes wrong without what it kept: a client that lost it must not go on as if it were new. */
  readonly isStateful?: true
  /** Refers to nothing that it returned: once that was sent, the weights of the next round may be read into the same memory. */
  readonly reusesInput?: true
  /**
   * Trains from these weights. They belong to the trainer from then on: the result may be the same arrays, overwritten.
   * When the signal is aborted it stops, and rejects.
   */
  train(weights: Weights, round: number, between?: BetweenRounds): Promise<TrainingResult>
}

export interface BetweenRounds {
  /** What the last confirmed result of this client had as its `keep`; absent before that, and never to be changed. */
  kept?: Weights | undefined
  signal?: AbortSignal | undefined
}

export interface TrainingResult {
  /** What is sent. */
  weights: Weights
  numExamples: number
  /** Local steps actually made, K. */
  steps: number
  /** What the client is to keep for its next round, in place of what it kept before, once the server has confirmed this result. */
  keep?: Weights
}

/** What an algorithm says of its clients. */
export interface ClientSide {
  /** What clients send are differences to what they were sent. */
  readonly sendsDifferences?: true
  /** What a client does with its own data. When left out it makes gradient steps from the weights of the round, and sends what they lead to. */
  trainer?(training: LocalTraining, settings: TrainingSettings & OwnOptions): Trainer | Promise<Trainer>
}

export interface OwnOptions {
  /** A value for each option that the algorithm has of its own. */
  own: Readonly<Record<string, number>>
}

/** Sends back what came, with the weight of one example: for memory alone. */
export const echoTrainer: Trainer = {
  numExamples: 1,
  reusesInput: true,
  train: async (weights) => ({ weights, numExamples: 1, steps: 0 }),
}

/** The same where results are differences: those of one who has not moved. */
export const zeroTrainer: Trainer = {
  numExamples: 1,
  reusesInput: true,
  train: async (weights) => {
    for (const tensor of weights.data) tensor.fill(0)
    return { weights, numExamples: 1, steps: 0 }
  },
}
