/**
 * Every FedAvg and aggregator case of the golden vectors, through the runtime's own rounds, checks, aggregation and loops,
 * with the weights as safetensors between them; and whole runs over sockets where the case needs no client to be missing.
 */
import { describe, expect, it } from 'vitest'
import {
  type AggregateCase,
  readCases,
  specsOf,
  type TrainingCase,
  toleranceOf,
  trainerOf,
  weightsOf,
} from '../../experiments/support/golden.js'
import { committed, streamOf } from '../../experiments/support/job-in-process.js'
import { fedavg, weightedMean } from '../../src/federation/algorithms/fedavg.js'
import { ResultCollector } from '../../src/federation/rounds/result-collector.js'
import type { TensorType, Weights } from '../../src/federation/tensors/weights.js'
import type { ResultClaim } from '../../src/federation/transport/messages.js'
import { expectModel, expectWeights } from './expect-golden.js'
import {
  isWholeRun,
  runCase,
  runOverSockets,
  settingsOf,
  storageOf,
  summationOf,
  types,
  type Way,
  ways,
} from './golden-run.js'
import { bytesOf } from './raw-client.js'

const NEVER_MS = 60_000

const trainings = readCases<TrainingCase>('fedavg')
const aggregates = readCases<AggregateCase>('aggregate')

describe.each(trainings)('$id', (golden) => {
  describe.each(types)('in %s', (dtype) => {
    it.each(ways)('has the weights of every round, results %s', async (way) => {
      await runInProcess(golden, dtype, way)
    })

    it('has the same bits when it is spooled as when it is buffered in order', async () => {
      const [spooled, buffered] = [
        await runInProcess(golden, dtype, 'spooled'),
        await runInProcess(golden, dtype, 'ordered'),
      ]
      expect(bytesOf(spooled)).toEqual(bytesOf(buffered))
    })

    if (isWholeRun(golden) && golden.expected.rounds.every((round) => round.committed))
      it('has the same weights over sockets', async () => {
        await runWhole(golden, dtype)
      })
  })
})

describe.each(aggregates)('$id', (golden) => {
  describe.each(types)('in %s', (dtype) => {
    it.each(ways)('accepts who should be, and no other leaves a trace, results %s', async (way) => {
      await runAggregate(golden, dtype, way)
    })
  })
})

it('there are cases to run', () => {
  expect(trainings.length).toBeGreaterThan(0)
  expect(aggregates.length).toBeGreaterThan(0)
})

async function runInProcess(golden: TrainingCase, dtype: TensorType, way: Way): Promise<Weights> {
  return runCase({
    golden,
    algorithm: fedavg,
    dtype,
    way,
    trainerOf: (client) => trainerOf(golden, client),
    onTrained: ({ client, round, weights, steps, numExamples }, { expected, tolerance }) => {
      const wanted = expected.clients[client]!
      if (wanted.weights !== undefined) expectWeights(weights, wanted.weights, tolerance, `${client} in round ${round}`)
      if (!wanted.accepted) return 'not-counted'
      expect(steps, `steps of ${client} in round ${round}`).toBe(wanted.steps)
      expect(golden.config.weighting === 'uniform' ? 1 : numExamples, `weight of ${client}`).toBe(wanted.weight)
      return 'accepted'
    },
    onRound: ({ round, commit, state }, wanted) => {
      const { committed, clients } = wanted.expected
      expect(commit !== undefined, `round ${round} committed`).toBe(committed)
      const accepted = Object.keys(clients).filter((client) => clients[client]!.accepted)
      if (commit !== undefined) expect(commit.accepted.map((claim) => claim.client)).toEqual(accepted.sort())
      expectModel(golden, state, wanted)
    },
  })
}

async function runWhole(golden: TrainingCase, dtype: TensorType): Promise<void> {
  const tolerance = toleranceOf(golden, dtype)
  const final = await runOverSockets({
    golden,
    algorithm: fedavg,
    dtype,
    settings: settingsOf(golden),
    trainerOf: (client) => {
      const trainer = trainerOf(golden, client)
      return {
        ...trainer,
        train: (weights, round) => {
          const before = golden.expected.rounds[round - 2]?.weights ?? golden.init
          expectWeights(weights, before, tolerance, `what ${client} got in round ${round}`)
          return trainer.train(weights, round)
        },
      }
    },
  })
  expectWeights(final, golden.expected.rounds.at(-1)!.weights, tolerance, 'the final weights')
}

async function runAggregate(golden: AggregateCase, dtype: TensorType, way: Way): Promise<void> {
  const { config, submissions, expected } = golden
  const specs = specsOf(golden.tensors, dtype)
  const combination = weightedMean({
    weighting: config.weighting ?? 'examples',
    serverLearningRate: config.serverLr ?? 1,
  })
  const storage = storageOf(way)
  const current = await storage.begin(weightsOf(specs, golden.current), 0)
  const aggregation = storage.openAggregation({
    round: config.round,
    attempt: 0,
    metadata: {},
    specs,
    combination,
    summation: summationOf(way),
  })
  // One client more, whose answer is waited for until all submissions have been judged.
  const clients = [...config.selected, 'last-to-answer']
  const collection = new ResultCollector(
    {
      round: config.round,
      attempt: 0,
      clients,
      minClients: config.minClients,
      graceMs: NEVER_MS,
      deadlineMs: NEVER_MS,
    },
    aggregation,
  )
  for (const submission of submissions) {
    const claim: ResultClaim = {
      client: submission.client,
      round: submission.round,
      attempt: 0,
      numExamples: Number(submission.numExamples),
      steps: 1,
    }
    const verdict = await collection.take(claim, streamOf(tensorsOf(submission.tensors, dtype)))
    expect(verdict.state === 'accepted', `${submission.client}: ${JSON.stringify(verdict)}`).toBe(
      submission.verdict === 'accepted',
    )
  }
  for (const client of clients) collection.fail(client, 'it has nothing more to send')
  const accepted = await committed(collection.outcome)
  expect(accepted !== undefined).toBe(expected.committed)
  const next = accepted === undefined ? current : await aggregation.combine(current)
  if (accepted !== undefined) expect(accepted.map((claim) => claim.client)).toEqual([...expected.accepted].sort())
  expectWeights(await next.load(), expected.weights, toleranceOf(golden, dtype), 'the aggregate')
}

function tensorsOf(tensors: AggregateCase['submissions'][number]['tensors'], dtype: TensorType): Weights {
  const specs = specsOf(
    Object.entries(tensors).map(([name, { shape }]) => ({ name, shape })),
    dtype,
  )
  return weightsOf(specs, Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data])))
}
