/**
 * Part of A. Clients that send values that are no numbers, a wrong shape, their result twice, or last round's result: the
 * weights after every round are, bit for bit, those of the run in which exactly those results never came.
 */
import { fedavg } from '../src/federation/algorithms/fedavg.js'
import { weightsDigest } from '../src/federation/tensors/digest.js'
import { createSgdTrainer } from '../src/federation/training/sgd-trainer.js'
import type { Trainer, TrainingResult } from '../src/federation/training/trainer.js'
import type { Verdict } from '../src/federation/transport/messages.js'
import { dealAtRandom, digitsProblem } from './support/digits-clients.js'
import type { Row } from './support/experiment.js'
import { type ClientResult, copyOf, runInProcess, streamOf } from './support/job-in-process.js'
import { uniformRounds } from './support/methods.js'

const CLIENTS = 4
const ROUNDS = 6
const CULPRIT = 'site-2'
const BAD_ROUNDS = [2, 5]

interface Fault {
  what: string
  /** What the culprit sends in place of what it has trained. */
  spoil?: (trained: TrainingResult) => TrainingResult
  /** What it sends on top, and how that has to be judged. */
  sendAgain?: { roundsBack: number; verdict: Verdict['state'] }
  isAbsent: boolean
}

const FAULTS: Fault[] = [
  { what: 'NaN', spoil: withValue(Number.NaN), isAbsent: true },
  { what: 'infinity', spoil: withValue(Number.POSITIVE_INFINITY), isAbsent: true },
  { what: 'a wrong shape', spoil: withWrongShape, isAbsent: true },
  { what: 'a negative number of examples', spoil: (trained) => ({ ...trained, numExamples: -1 }), isAbsent: true },
  { what: 'a second, different result', sendAgain: { roundsBack: 0, verdict: 'duplicate' }, isAbsent: false },
  { what: 'a result of the round before', sendAgain: { roundsBack: 1, verdict: 'late' }, isAbsent: false },
]

export async function badResults(): Promise<Row[]> {
  const everybody = await digestsOf({})
  const withoutCulprit = await digestsOf({ isMissing: isBadRound })
  const rows: Row[] = []
  for (const fault of FAULTS) {
    const found = await digestsOf({ fault })
    const expected = fault.isAbsent ? withoutCulprit : everybody
    const same = found.filter((digest, round) => digest === expected[round]).length
    rows.push({
      what: `a client that sends ${fault.what} in rounds ${BAD_ROUNDS.join(' and ')} of ${ROUNDS}: rounds with the same bits as without ${fault.isAbsent ? 'its results' : 'that'}`,
      expected: String(ROUNDS),
      measured: String(same),
      passed: same === ROUNDS && new Set(everybody).size === ROUNDS && withoutCulprit[1] !== everybody[1],
    })
  }
  return rows
}

function isBadRound(client: string, round: number): boolean {
  return client === CULPRIT && BAD_ROUNDS.includes(round)
}

/** Of the weights after every round. */
async function digestsOf({
  fault,
  isMissing = () => false,
}: {
  fault?: Fault
  isMissing?: typeof isBadRound
}): Promise<string[]> {
  const digests: string[] = []
  const parts = dealAtRandom(CLIENTS, 1)
  const trainers = parts.map((examples, client): [string, Trainer] => {
    const training = { localEpochs: 1, localSteps: 0, batchSize: 16, learningRate: 0.1 }
    const trainer = createSgdTrainer({ ...training, examples, createModel: digitsProblem.createModel })
    const name = `site-${client + 1}`
    return [name, fault?.spoil === undefined ? trainer : spoilt(trainer, name, fault.spoil)]
  })
  await runInProcess({
    algorithm: fedavg,
    settings: { ...uniformRounds({ clients: CLIENTS }), weighting: 'examples' },
    rounds: ROUNDS,
    initial: digitsProblem.zeroWeights(),
    trainers: new Map(trainers),
    isMissing,
    asBytes: true,
    onResult: async (result) => {
      if (fault?.sendAgain !== undefined && isBadRound(result.client, result.round))
        await sendAgain(result, fault.sendAgain)
    },
    onRound: ({ state }) => {
      digests.push(weightsDigest(state))
      return undefined
    },
  })
  return digests
}

function spoilt(trainer: Trainer, name: string, spoil: (trained: TrainingResult) => TrainingResult): Trainer {
  return {
    ...trainer,
    train: async (weights, round, between) => {
      const trained = await trainer.train(weights, round, between)
      return isBadRound(name, round) ? spoil(trained) : trained
    },
  }
}

async function sendAgain(
  { collection, client, round, weights, numExamples, steps }: ClientResult,
  { roundsBack, verdict: expected }: NonNullable<Fault['sendAgain']>,
): Promise<void> {
  const other = copyOf(weights)
  other.data[0]!.fill(1)
  const verdict = await collection.take(
    { client, round: round - roundsBack, attempt: 0, numExamples, steps },
    streamOf(other),
  )
  if (verdict.state !== expected) throw new Error(`${client} in round ${round}: ${verdict.state}, not ${expected}`)
}

function withValue(value: number): (trained: TrainingResult) => TrainingResult {
  return (trained) => {
    trained.weights.data[1]![3] = value
    return trained
  }
}

function withWrongShape(trained: TrainingResult): TrainingResult {
  const [matrix, bias] = trained.weights.specs
  const shape = [...matrix!.shape].reverse()
  return { ...trained, weights: { specs: [{ ...matrix!, shape }, bias!], data: trained.weights.data } }
}
