/**
 * A golden training case through the runtime's own rounds, checks, aggregation and kernels, its clients in this process, with
 * the weights as safetensors between them; or as a whole job over sockets.
 */
import { Readable } from 'node:stream'
import { expect } from 'vitest'
import type { Algorithm } from '../../src/federation/algorithms/algorithm.js'
import { initialState } from '../../src/federation/algorithms/state.js'
import { runClient } from '../../src/federation/roles/client.js'
import type { ServerSettings } from '../../src/federation/roles/job.js'
import { KeptState } from '../../src/federation/roles/kept-state.js'
import { runServer } from '../../src/federation/roles/server.js'
import { RoundFailedError } from '../../src/federation/rounds/collection.js'
import { Contributions } from '../../src/federation/rounds/contributions.js'
import type { Assignment } from '../../src/federation/rounds/desk.js'
import { exchange, type RoundCommit } from '../../src/federation/rounds/exchange.js'
import { SpoolFolder } from '../../src/federation/rounds/spool-folder.js'
import { SpoolStorage } from '../../src/federation/rounds/spool-storage.js'
import { memoryStorage, type Storage } from '../../src/federation/rounds/storage.js'
import type { Trainer, TrainingResult } from '../../src/federation/training/trainer.js'
import { readWeights } from '../../src/federation/weights/read-safetensors.js'
import type { TensorType, Weights } from '../../src/federation/weights/weights.js'
import { encodeWeights } from '../../src/federation/weights/write-safetensors.js'
import { temporaryFolder } from '../temporary-folder.js'
import { fakeRole, waitForMark } from './fake-role.js'
import { specsOf, type TrainingCase, weightsOf } from './golden.js'
import { clientSettings, serverSettings } from './settings.js'

export const types: TensorType[] = ['F64', 'F32']

/** Where results wait, and in which order they are added. */
export const ways = ['ordered', 'arrival', 'spooled'] as const
export type Way = (typeof ways)[number]

export interface CaseRun {
  golden: TrainingCase
  algorithm: Algorithm
  dtype: TensorType
  way: Way
  trainerOf(client: string): Trainer
  /** A client has trained in a round; called before its result is judged, which must then come out as is returned here. */
  onTrained(trained: TrainingResult & { client: string; round: number }): 'accepted' | 'not-counted'
  /** What each client keeps is as it is once it was told of the round. */
  onRound(ended: {
    round: number
    commit: RoundCommit | undefined
    state: Weights
    kept: Map<string, Weights | undefined>
  }): void
}

/** The state after the last round. */
export async function runCase(run: CaseRun): Promise<Weights> {
  const { golden, algorithm } = run
  const settings = settingsOf(golden, run.way)
  const storage = storageOf(run.way)
  const contributions = new Contributions()
  const clients = new Map<string, Client>()
  for (const { id } of golden.clients)
    clients.set(id, { trainer: run.trainerOf(id), kept: await KeptState.open(id, undefined) })
  const initial = weightsOf(specsOf(golden.model.tensors, run.dtype), golden.init)
  let state = await storage.begin(initialState(algorithm, initial), 0)
  for (let round = 1; round <= golden.config.rounds; round++) {
    const sampled = golden.config.schedule?.[round - 1] ?? golden.clients.map((client) => client.id)
    const desk = deskOf(run, clients)
    const steps = { round, attempt: 0, settings }
    const commit = await committed(
      algorithm.run({
        ...steps,
        state,
        examples: contributions.examples,
        clients: golden.clients.map(({ id }) => id).sort(),
        present: () => sampled,
        sample: () => sampled,
        exchange: (request) =>
          exchange(request, {
            ...steps,
            desk,
            storage,
            metadata: {},
            signal: new AbortController().signal,
          }),
      }),
    )
    await desk.answered()
    if (commit !== undefined) {
      state = commit.state
      await storage.commit(state)
      contributions.commit(commit.accepted)
    }
    const confirmed = new Map(contributions.all.map((claim) => [claim.client, claim]))
    for (const [id, { kept }] of clients) await kept.settle(confirmed.get(id))
    const kept = new Map([...clients].map(([id, { kept }]) => [id, kept.kept]))
    run.onRound({ round, commit, state: await state.load(), kept })
  }
  return state.load()
}

interface Client {
  trainer: Trainer
  kept: KeptState
}

/** A desk whose clients train and answer at once, but for those that the case has missing. */
function deskOf({ golden, onTrained }: CaseRun, clients: ReadonlyMap<string, Client>) {
  const answers: Promise<unknown>[] = []
  const answer = async ({ state, collection }: Assignment, client: string): Promise<void> => {
    const { round, attempt } = collection.rules
    const { trainer, kept } = clients.get(client)!
    const received = await readWeights(streamOf(await state.load()), { maxBytes: 1e6 })
    const trained = await trainer.train(received, round, { kept: kept.kept })
    const { numExamples, steps, keep } = trained
    const expected = onTrained({ ...trained, client, round })
    if (keep !== undefined) await kept.setPending({ round, attempt, weights: keep })
    const verdict = await collection.take({ client, round, attempt, numExamples, steps }, streamOf(trained.weights))
    expect(verdict.state, `${client} in round ${round}`).toBe(expected)
  }
  const answerAll = async (assignment: Assignment): Promise<void> => {
    const { rules } = assignment.collection
    const missing = golden.config.missing?.[String(rules.round)] ?? []
    const isMissing = (client: string) => missing.includes(client)
    await Promise.all(rules.clients.filter((client) => !isMissing(client)).map((client) => answer(assignment, client)))
    for (const client of rules.clients.filter(isMissing)) assignment.collection.fail(client, 'the case has it missing')
  }
  return {
    give: (assignment: Assignment) => {
      const all = answerAll(assignment)
      all.catch((error: Error) => assignment.collection.cancel(error))
      answers.push(all)
    },
    clear: () => {},
    answered: () => Promise.all(answers),
  }
}

/** A case that needs no schedule and nobody missing runs as a job would, with nothing but its settings. */
export function isWholeRun({ config }: TrainingCase): boolean {
  return config.schedule === undefined && config.missing === undefined
}

/** The state at the job's end. */
export async function runOverSockets(
  run: Pick<CaseRun, 'golden' | 'algorithm' | 'dtype' | 'trainerOf'> & { settings: ServerSettings },
): Promise<Weights> {
  const { golden, algorithm } = run
  const role = fakeRole()
  const settings = { ...run.settings, clients: golden.clients.length, rounds: golden.config.rounds }
  const initial = weightsOf(specsOf(golden.model.tensors, run.dtype), golden.init)
  const job = runServer({ settings, algorithm, loadModel: async () => ({ initial }) }, role)
  const { url } = await waitForMark(role, 'ready')
  const clients = golden.clients.map(({ id }) =>
    runClient(clientSettings({ server: url!, name: id }), async () => run.trainerOf(id), fakeRole()),
  )
  const [final] = await Promise.all([job, ...clients])
  return final.load()
}

export function storageOf(way: Way): Storage {
  return way === 'spooled' ? new SpoolStorage(SpoolFolder.open(temporaryFolder())) : memoryStorage()
}

export function summationOf(way: Way): 'ordered' | 'arrival' {
  return way === 'arrival' ? 'arrival' : 'ordered'
}

export function settingsOf({ config, clients }: TrainingCase, way: Way = 'ordered'): ServerSettings {
  return serverSettings({
    summation: summationOf(way),
    clients: clients.length,
    weighting: config.weighting ?? 'examples',
    serverLearningRate: config.serverLr ?? 1,
    minClients: config.minClients ?? 1,
  })
}

/** Undefined for a round that failed by the rules. */
export async function committed<T>(outcome: Promise<T>): Promise<T | undefined> {
  try {
    return await outcome
  } catch (error) {
    if (error instanceof RoundFailedError) return undefined
    throw error
  }
}

export function streamOf(weights: Weights): Readable {
  return Readable.from(encodeWeights(weights).chunks(), { objectMode: false })
}
