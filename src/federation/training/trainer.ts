import type { jobOptions, OptionValues, serverOptions, trainingOptions } from '../../options.js'
import type { Weights } from '../weights/weights.js'

/** The options of a job that bear on training; they are the same for all clients. */
export type TrainingSettings = Pick<OptionValues<typeof jobOptions>, 'trainer' | 'model' | 'modelSize' | 'seed'> &
  Pick<OptionValues<typeof serverOptions>, 'algorithm'> &
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
  readonly keeps?: true
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

/** The trainer of one client. With `echo` neither data nor models are loaded. */
export async function createTrainer(settings: TrainingSettings, place: ClientPlace): Promise<Trainer> {
  if (settings.trainer === 'echo') return settings.algorithm === 'scaffold' ? zeroTrainer : echoTrainer
  const { createDigitsTrainer } = await import('./digits-trainer.js')
  return createDigitsTrainer(settings, place)
}

/** Sends back what came, with the weight of one example: for memory alone. */
const echoTrainer: Trainer = {
  numExamples: 1,
  train: async (weights) => ({ weights, numExamples: 1, steps: 0 }),
}

/** The same where results are differences: those of one who has not moved. */
const zeroTrainer: Trainer = {
  numExamples: 1,
  train: async (weights) => {
    for (const tensor of weights.data) tensor.fill(0)
    return { weights, numExamples: 1, steps: 0 }
  },
}
