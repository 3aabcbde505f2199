import type { Examples } from '../../src/federation/training/examples.js'
import type { LocalTraining } from '../../src/federation/training/local-training.js'
import type { Problem } from './classify.js'
import { accuracyOf } from './classify.js'
import { runInProcess } from './job-in-process.js'
import { type Method, uniformRounds } from './methods.js'

export interface Race {
  method: Method
  problem: Problem
  /** The clients' examples, for a seed. */
  deal: (seed: number) => Examples[]
  /** Share of the clients that is drawn each round. */
  sample: number
  training: Pick<LocalTraining, 'localEpochs' | 'localSteps' | 'batchSize'>
  learningRates: readonly number[]
  target: number
  /** Rounds after which it is given up. */
  limit: number
  seeds: readonly number[]
}

/**
 * Rounds until the accuracy on the test examples is at the target: the median of the seeds, with the learning rate that
 * is best for this method. Infinite when the target is not reached within the limit.
 */
export async function roundsToTarget(race: Race): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (const learningRate of race.learningRates) {
    const rounds: number[] = []
    // One that is not there by the best so far is no better: it need not be watched further.
    const limit = Math.min(race.limit, best)
    for (const seed of race.seeds) rounds.push(await roundsOf({ ...race, limit }, { learningRate, seed }))
    best = Math.min(best, median(rounds))
  }
  return best
}

async function roundsOf(race: Race, { learningRate, seed }: { learningRate: number; seed: number }): Promise<number> {
  const { method, problem, deal, sample, training, target, limit } = race
  const clients = deal(seed)
  let reached = Number.POSITIVE_INFINITY
  await runInProcess({
    algorithm: method.algorithm,
    settings: uniformRounds({ clients: clients.length, sample, seed }),
    rounds: limit,
    initial: problem.zeroWeights(),
    trainers: new Map(
      clients.map((examples, client) => [
        `site-${client + 1}`,
        method.trainer({ ...training, examples, createModel: problem.createModel, learningRate }),
      ]),
    ),
    onRound: ({ round, model }) => {
      if (accuracyOf(model, problem) < target) return undefined
      reached = round
      return 'stop'
    },
  })
  return reached
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}
