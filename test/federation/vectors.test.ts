/**
 * Every FedAvg and aggregator case of the golden vectors, through the runtime's own rounds, checks, aggregation and kernels,
 * with the weights as safetensors between them; and whole runs over sockets where the case needs no client to be missing.
 */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { fedavg, weightedMean } from '../../src/federation/algorithms/fedavg.js'
import { runClient } from '../../src/federation/roles/client.js'
import { runServer } from '../../src/federation/roles/server.js'
import { Collection, RoundFailedError } from '../../src/federation/rounds/collection.js'
import type { Assignment } from '../../src/federation/rounds/desk.js'
import { exchange, type RoundCommit } from '../../src/federation/rounds/exchange.js'
import { SpoolFolder } from '../../src/federation/rounds/spool-folder.js'
import { SpoolStorage } from '../../src/federation/rounds/spool-storage.js'
import { memoryStorage, type Storage } from '../../src/federation/rounds/storage.js'
import { readWeights } from '../../src/federation/weights/read-safetensors.js'
import type { TensorType, Weights } from '../../src/federation/weights/weights.js'
import { encodeWeights } from '../../src/federation/weights/write-safetensors.js'
import type { ResultClaim } from '../../src/federation/wire/messages.js'
import { temporaryFolder } from '../temporary-folder.js'
import { fakeRole, waitForMark } from './fake-role.js'
import {
  type AggregateCase,
  type ExpectedRound,
  expectClose,
  expectWeights,
  pooledLoss,
  readCases,
  specsOf,
  type TrainingCase,
  toleranceOf,
  trainerOf,
  weightsOf,
} from './golden.js'
import { bytesOf } from './raw-client.js'
import { clientSettings, serverSettings } from './settings.js'

const NEVER_MS = 60_000

/** Where results wait, and in which order they are added. */
const ways = ['ordered', 'arrival', 'spooled'] as const
type Way = (typeof ways)[number]

const types: TensorType[] = ['F64', 'F32']

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

    if (isWholeRun(golden))
      it('has the same weights over sockets', async () => {
        await runOverSockets(golden, dtype)
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

function storageOf(way: Way): Storage {
  return way === 'spooled' ? new SpoolStorage(SpoolFolder.open(temporaryFolder())) : memoryStorage
}

async function runInProcess(golden: TrainingCase, dtype: TensorType, way: Way): Promise<Weights> {
  const settings = settingsOf(golden, way === 'arrival' ? 'arrival' : 'ordered')
  const storage = storageOf(way)
  let state = await storage.begin(weightsOf(specsOf(golden.model.tensors, dtype), golden.init))
  for (const expected of golden.expected.rounds) {
    const { round } = expected
    const sampled = golden.config.schedule?.[round - 1] ?? golden.clients.map((client) => client.id)
    const desk = clientsInProcess(golden, expected, toleranceOf(golden, dtype))
    const commit = await committed(
      fedavg.run({
        round,
        attempt: 0,
        settings,
        state,
        sample: () => sampled,
        exchange: (request) =>
          exchange(request, {
            round,
            attempt: 0,
            settings,
            desk,
            storage,
            metadata: {},
            signal: new AbortController().signal,
          }),
      }),
    )
    await desk.answered()
    expect(commit !== undefined, `round ${round} committed`).toBe(expected.committed)
    if (commit !== undefined) {
      state = commit.state
      await storage.commit(state)
      const accepted = Object.keys(expected.clients).filter((client) => expected.clients[client]!.accepted)
      expect(commit.accepted.map((claim) => claim.client)).toEqual(accepted.sort())
    }
    const weights = await state.load()
    expectWeights(weights, expected.weights, toleranceOf(golden, dtype), `round ${round}`)
    expectClose(pooledLoss(golden, weights), expected.pooledLoss, toleranceOf(golden, dtype), `loss of round ${round}`)
  }
  return state.load()
}

/** A desk whose clients train and answer at once, but for those that the case has missing. */
function clientsInProcess(golden: TrainingCase, expected: ExpectedRound, tolerance: number) {
  let answers: Promise<unknown> = Promise.resolve()
  const answer = async ({ state, collection }: Assignment, client: string): Promise<void> => {
    const { round, attempt } = collection.rules
    const received = await readWeights(streamOf(await state.load()), { maxBytes: 1e6 })
    const { weights: trained, numExamples, steps } = await trainerOf(golden, client).train(received, round)
    const wanted = expected.clients[client]!
    if (wanted.weights !== undefined) expectWeights(trained, wanted.weights, tolerance, `${client} in round ${round}`)
    const verdict = await collection.take({ client, round, attempt, numExamples, steps }, streamOf(trained))
    expect(verdict.state === 'accepted', `${client} in round ${round}: ${verdict.state}`).toBe(wanted.accepted)
    if (!wanted.accepted) return
    expect(steps, `steps of ${client} in round ${round}`).toBe(wanted.steps)
    expect(golden.config.weighting === 'uniform' ? 1 : numExamples, `weight of ${client}`).toBe(wanted.weight)
  }
  const answerAll = async (assignment: Assignment): Promise<void> => {
    const { rules } = assignment.collection
    const missing = golden.config.missing?.[String(rules.round)] ?? []
    await Promise.all(
      rules.clients.filter((client) => !missing.includes(client)).map((client) => answer(assignment, client)),
    )
    for (const client of missing) assignment.collection.fail(client, 'the case has it missing')
  }
  return {
    give: (assignment: Assignment) => {
      answers = answerAll(assignment)
      answers.catch((error: Error) => assignment.collection.cancel(error))
    },
    clear: () => {},
    answered: () => answers,
  }
}

/** A case that needs no schedule and nobody missing runs as a job would, with nothing but its settings. */
function isWholeRun({ config, expected }: TrainingCase): boolean {
  return (
    config.schedule === undefined && config.missing === undefined && expected.rounds.every((round) => round.committed)
  )
}

async function runOverSockets(golden: TrainingCase, dtype: TensorType): Promise<void> {
  const tolerance = toleranceOf(golden, dtype)
  const role = fakeRole()
  const settings = { ...settingsOf(golden, 'ordered'), clients: golden.clients.length, rounds: golden.config.rounds }
  const initial = weightsOf(specsOf(golden.model.tensors, dtype), golden.init)
  const job = runServer({ settings, algorithm: fedavg, loadModel: async () => ({ initial }) }, role)
  const { url } = await waitForMark(role, 'ready')
  const clients = golden.clients.map(({ id }) =>
    runClient(
      clientSettings({ server: url!, name: id }),
      async () => {
        const trainer = trainerOf(golden, id)
        return {
          train: (weights, round) => {
            const before = golden.expected.rounds[round - 2]?.weights ?? golden.init
            expectWeights(weights, before, tolerance, `what ${id} got in round ${round}`)
            return trainer.train(weights, round)
          },
        }
      },
      fakeRole(),
    ),
  )
  const [final] = await Promise.all([job, ...clients])
  expectWeights(await final.load(), golden.expected.rounds.at(-1)!.weights, tolerance, 'the final weights')
}

async function runAggregate(golden: AggregateCase, dtype: TensorType, way: Way): Promise<void> {
  const { config, submissions, expected } = golden
  const specs = specsOf(golden.tensors, dtype)
  const combination = weightedMean({
    weighting: config.weighting ?? 'examples',
    serverLearningRate: config.serverLr ?? 1,
  })
  const storage = storageOf(way)
  const current = await storage.begin(weightsOf(specs, golden.current))
  const aggregation = storage.openAggregation({
    round: config.round,
    attempt: 0,
    metadata: {},
    specs,
    combination,
    summation: way === 'arrival' ? 'arrival' : 'ordered',
  })
  // One client more, whose answer is waited for until all submissions have been judged.
  const clients = [...config.selected, 'last-to-answer']
  const collection = new Collection(
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
  const weights = accepted === undefined ? current : await aggregation.combine(current)
  if (accepted !== undefined) expect(accepted.map((claim) => claim.client)).toEqual([...expected.accepted].sort())
  expectWeights(await weights.load(), expected.weights, toleranceOf(golden, dtype), 'the aggregate')
}

function tensorsOf(tensors: AggregateCase['submissions'][number]['tensors'], dtype: TensorType): Weights {
  const specs = specsOf(
    Object.entries(tensors).map(([name, { shape }]) => ({ name, shape })),
    dtype,
  )
  return weightsOf(specs, Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data])))
}

function settingsOf({ config }: TrainingCase, summation: 'ordered' | 'arrival') {
  return serverSettings({
    summation,
    weighting: config.weighting ?? 'examples',
    serverLearningRate: config.serverLr ?? 1,
    minClients: config.minClients ?? 1,
  })
}

/** Undefined for a round that failed by the rules. */
async function committed<T extends RoundCommit | ResultClaim[]>(outcome: Promise<T>): Promise<T | undefined> {
  try {
    return await outcome
  } catch (error) {
    if (error instanceof RoundFailedError) return undefined
    throw error
  }
}

function streamOf(weights: Weights): Readable {
  return Readable.from(encodeWeights(weights).chunks(), { objectMode: false })
}
