import type { jobOptions, OptionValues, trainingOptions } from '../../options.js'
import type { Weights } from '../weights/weights.js'

/** The options of a job that bear on training; they are the same for all clients. */
export type TrainingSettings = Pick<OptionValues<typeof jobOptions>, 'trainer' | 'model' | 'modelSize' | 'seed'> &
  OptionValues<typeof trainingOptions>

/** Which of the clients this one is, counted from 0 in the sorted order of their names. */
export interface ClientPlace {
  index: number
  clients: number
}

/** What a client does in a round with the weights that it was sent. It keeps nothing of them between rounds. */
export interface Trainer {
  readonly numExamples: number
  /**
   * Trains from these weights. They belong to the trainer from then on: the result may be the same arrays, overwritten.
   * When `signal` is aborted it stops, and rejects.
   */
  train(weights: Weights, round: number, signal?: AbortSignal): Promise<TrainingResult>
}

export interface TrainingResult {
  weights: Weights
  numExamples: number
  /** Local steps actually made, K. */
  steps: number
}

/** The trainer of one client. With `echo` neither data nor models are loaded. */
export async function createTrainer(settings: TrainingSettings, place: ClientPlace): Promise<Trainer> {
  if (settings.trainer === 'echo') return echoTrainer
  const { createDigitsTrainer } = await import('./digits-trainer.js')
  return createDigitsTrainer(settings, place)
}

/** Sends back what came, with the weight of one example: for memory alone. */
const echoTrainer: Trainer = {
  numExamples: 1,
  train: async (weights) => ({ weights, numExamples: 1, steps: 0 }),
}
