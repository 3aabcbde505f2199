/**
 * G. Cyclic weight transfer leans to the client that it saw last: with labels of its own at each client it forgets the first
 * ones within a round, the more so the longer each trains; with labels at random it is ahead of FedAvg after one round.
 * 5 clients, fixed order. And its server holds the same whatever the number of clients.
 */
import { cyclic } from '../src/federation/algorithms/cyclic.js'
import type { Weights } from '../src/federation/tensors/weights.js'
import type { Examples } from '../src/federation/training/examples.js'
import { createSgdTrainer } from '../src/federation/training/sgd-trainer.js'
import { MIB } from '../src/shared/units.js'
import { accuracyOf } from './support/classify.js'
import { dealAtRandom, dealByLabels, digitsProblem, heldOutOf } from './support/digits-clients.js'
import { type Experiment, limitRow, type Row } from './support/experiment.js'
import { runInProcess } from './support/job-in-process.js'
import { FEDAVG, type Method, uniformRounds } from './support/methods.js'
import { serverPeaks } from './support/server-peaks.js'

const CYCLIC: Method = { name: 'Cyclic', algorithm: cyclic, trainer: createSgdTrainer }
const SEEDS = [1, 2, 3]
const LABELS = [0, 2, 4, 6, 8].map((first) => [first, first + 1])
const FIRST = 'site-1'
const LAST = 'site-5'
const MODEL_BYTES = 50 * MIB

export const cyclicForgets: Experiment = {
  letter: 'G',
  shows:
    'Cyclic forgets where labels differ and mixes where they are alike; its server does not grow with the clients.',
  run: async (progress) => {
    progress('labels by client')
    const skewed = await runsOf(CYCLIC, { deal: byLabels, epochs: 5, rounds: 20 })
    const often = await runsOf(CYCLIC, { deal: byLabels, epochs: 1, rounds: 20 })
    const seldom = await runsOf(CYCLIC, { deal: byLabels, epochs: 20, rounds: 20 })
    progress('labels at random')
    const mixed = await runsOf(CYCLIC, { deal: atRandom, epochs: 5, rounds: 1 })
    const averaged = await runsOf(FEDAVG, { deal: atRandom, epochs: 5, rounds: 1 })
    return [
      ...rowsOfSkew({ skewed, often, seldom }),
      limitRow('labels at random: lowest accuracy after round 1', lowest(mixed, 1), { atLeast: 0.88 }),
      limitRow('the same: how far it is ahead of FedAvg, in the seed where that is least', leastLead(mixed, averaged), {
        atLeast: 0,
      }),
      await rowOfPeaks(progress),
    ]
  },
}

function rowsOfSkew({ skewed, often, seldom }: Record<'skewed' | 'often' | 'seldom', Run[]>): Row[] {
  const drops = skewed.flatMap(({ firstLabels }) => firstLabels.map(({ after, hopsLater }) => after - hopsLater))
  return [
    limitRow('labels by client: least drop on labels 0 and 1 over the four hops after client 1', Math.min(...drops), {
      atLeast: 0.2,
    }),
    limitRow('the same: highest accuracy over all labels after round 1', highest(skewed, 1), { atMost: 0.3 }),
    limitRow(
      'the same: how far 1 epoch is ahead of 20 after round 20, in the seed where that is least',
      leastLead(often, seldom),
      { atLeast: 0.03 },
    ),
  ]
}

interface Run {
  /** On all held-out digits, by round. */
  accuracy: number[]
  /** On labels 0 and 1, in each round: right after the first client, and after the last. */
  firstLabels: { after: number; hopsLater: number }[]
}

interface Race {
  deal: (seed: number) => Examples[]
  epochs: number
  rounds: number
}

async function runsOf(method: Method, race: Race): Promise<Run[]> {
  const runs: Run[] = []
  for (const seed of SEEDS) runs.push(await runOf(method, race, seed))
  return runs
}

async function runOf(method: Method, { deal, epochs, rounds }: Race, seed: number): Promise<Run> {
  const clients = deal(seed)
  const run: Run = { accuracy: [], firstLabels: [] }
  const { createModel, zeroWeights } = digitsProblem
  const test = heldOutOf(LABELS[0]!)
  const onFirstLabels = (weights: Weights) => accuracyOf(weights, { createModel, test })
  let afterFirst = Number.NaN
  await runInProcess({
    algorithm: method.algorithm,
    settings: uniformRounds({ clients: clients.length, seed }),
    rounds,
    initial: zeroWeights(),
    trainers: new Map(
      clients.map((examples, client) => [
        `site-${client + 1}`,
        method.trainer({
          examples,
          createModel,
          localEpochs: epochs,
          localSteps: 0,
          batchSize: 10,
          learningRate: 0.1,
        }),
      ]),
    ),
    onResult: ({ client, weights }) => {
      if (client === FIRST) afterFirst = onFirstLabels(weights)
      if (client === LAST) run.firstLabels.push({ after: afterFirst, hopsLater: onFirstLabels(weights) })
    },
    onRound: ({ model }) => {
      run.accuracy.push(accuracyOf(model, digitsProblem))
      return undefined
    },
  })
  return run
}

function byLabels(seed: number): Examples[] {
  return dealByLabels(LABELS, seed)
}

function atRandom(seed: number): Examples[] {
  return dealAtRandom(LABELS.length, seed)
}

function lowest(runs: readonly Run[], round: number): number {
  return Math.min(...runs.map(({ accuracy }) => accuracy[round - 1]!))
}

function highest(runs: readonly Run[], round: number): number {
  return Math.max(...runs.map(({ accuracy }) => accuracy[round - 1]!))
}

/** By accuracy after the last round, seed by seed. */
function leastLead(runs: readonly Run[], others: readonly Run[]): number {
  return Math.min(...runs.map(({ accuracy }, seed) => accuracy.at(-1)! - others[seed]!.accuracy.at(-1)!))
}

/** In real processes, by the exact peaks that the kernel keeps. */
async function rowOfPeaks(progress: (what: string) => void): Promise<Row> {
  const peaks: number[] = []
  for (const clients of [2, 20]) {
    progress(`peak of the server with ${clients} clients`)
    peaks.push(Math.max(...(await serverPeaks({ algorithm: 'cyclic', clients, rounds: 3, modelBytes: MODEL_BYTES }))))
  }
  const [few, many] = peaks.map((peak) => peak / MODEL_BYTES) as [number, number]
  return limitRow(
    `peak of the server with 2 clients (${few.toFixed(2)} M) and with 20 (${many.toFixed(2)} M): difference in M`,
    Math.abs(many - few),
    { atMost: 0.2 },
  )
}
