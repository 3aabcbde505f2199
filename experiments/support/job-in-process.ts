/**
 * A job without processes and sockets: the algorithms, collections, checks, aggregation, storage and trainers of the runtime,
 * its clients in this process. The golden vectors run through it, and so do the experiments.
 */
import { Readable } from 'node:stream'
import { memoryStorage, type Storage } from '../../src/federation/aggregation/storage.js'
import type { Algorithm } from '../../src/federation/algorithms/algorithm.js'
import { initialState, modelOf } from '../../src/federation/algorithms/state.js'
import { ClientState } from '../../src/federation/client/client-state.js'
import { exchange, type RoundCommit, type RoundSettings } from '../../src/federation/rounds/exchange.js'
import { LastResults } from '../../src/federation/rounds/last-results.js'
import { type ResultCollector, RoundFailedError } from '../../src/federation/rounds/result-collector.js'
import { sampleClients } from '../../src/federation/rounds/sample.js'
import type { Assignment } from '../../src/federation/rounds/task-dispatcher.js'
import { readWeights } from '../../src/federation/tensors/safetensors/read-safetensors.js'
import { encodeWeights } from '../../src/federation/tensors/safetensors/write-safetensors.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import type { Trainer, TrainingResult } from '../../src/federation/training/trainer.js'
import type { Verdict } from '../../src/federation/transport/messages.js'
import { sampleSize } from '../../src/options/job-check.js'

export interface JobInProcess {
  algorithm: Algorithm
  settings: RoundSettings
  rounds: number
  initial: Weights
  /** What trains at each client, by its name. */
  trainers: ReadonlyMap<string, Trainer>
  /** In memory when left out. */
  storage?: Storage
  /** Who is drawn in a round; by --sample, as a server does it, when left out. */
  drawn?: (round: number) => string[]
  /** Clients that are drawn and whose result never arrives. */
  isMissing?: (client: string, round: number) => boolean
  /** Weights go to the clients and back as the bytes of safetensors, as over the network; else they are handed over. */
  asBytes?: boolean
  onResult?: (result: ClientResult) => void | Promise<void>
  /** `stop` ends the job. What each client keeps is as it is once it knew of the round. */
  onRound?: (ended: EndedRound) => 'stop' | undefined
}

export interface ClientResult extends TrainingResult {
  client: string
  round: number
  verdict: Verdict
  /** What judged it, while the round still runs: for what a client should not send. */
  collection: ResultCollector
}

export interface EndedRound {
  round: number
  /** Undefined for a round that failed by the rules. */
  commit: RoundCommit | undefined
  state: Weights
  model: Weights
  kept: Map<string, Weights | undefined>
}

/** The state after the last round. */
export async function runInProcess(job: JobInProcess): Promise<Weights> {
  const { algorithm, settings, storage = memoryStorage() } = job
  const names = [...job.trainers.keys()].sort()
  const contributions = new LastResults()
  const clients = new Map<string, Client>()
  for (const [name, trainer] of job.trainers)
    clients.set(name, { trainer, kept: await ClientState.open(name, undefined) })
  let state = await storage.begin(initialState(algorithm, job.initial), 0)
  for (let round = 1; round <= job.rounds; round++) {
    const steps = { round, attempt: 0, settings }
    const drawn = job.drawn?.(round) ?? drawnBySample(names, settings, round)
    const desk = deskOf(job, clients)
    const signal = new AbortController().signal
    const commit = await committed(
      algorithm.run({
        ...steps,
        own: {},
        state,
        examples: contributions.examples,
        clients: names,
        present: () => (job.drawn === undefined ? names : drawn),
        sample: () => drawn,
        exchange: (request) => exchange(request, { ...steps, desk, storage, metadata: {}, signal }),
      }),
    )
    await desk.answered()
    if (commit !== undefined) {
      state = commit.state
      await storage.commit(state)
      contributions.commit(commit.accepted)
    }
    const confirmed = new Map(contributions.all.map((claim) => [claim.client, claim]))
    for (const [name, { kept }] of clients) await kept.settle(confirmed.get(name))
    const weights = await state.load()
    const kept = new Map([...clients].map(([name, client]) => [name, client.kept.kept]))
    const said = job.onRound?.({ round, commit, state: weights, model: modelOf(algorithm, weights), kept })
    if (said === 'stop') break
  }
  return state.load()
}

interface Client {
  trainer: Trainer
  kept: ClientState
}

function drawnBySample(names: readonly string[], { sample, clients, seed }: RoundSettings, round: number): string[] {
  return sampleClients(names, sampleSize(sample, clients), { seed, round, attempt: 0 })
}

/** A desk whose clients train and answer at once, but for those that are missing. */
function deskOf(job: JobInProcess, clients: ReadonlyMap<string, Client>) {
  const { asBytes = false, isMissing = () => false } = job
  const answers: Promise<unknown>[] = []
  const answer = async ({ state, collection }: Assignment, client: string): Promise<void> => {
    const { round, attempt } = collection.rules
    const { trainer, kept } = clients.get(client)!
    const sent = await state.load()
    const received = asBytes ? await readWeights(streamOf(sent), { maxBytes: 1e6 }) : copyOf(sent)
    const trained = await trainer.train(received, round, { kept: kept.kept })
    const { numExamples, steps, keep, weights } = trained
    if (keep !== undefined) await kept.setPending({ round, attempt, weights: keep })
    const claim = { client, round, attempt, numExamples, steps }
    const verdict = await collection.take(claim, asBytes ? streamOf(weights) : weights)
    await job.onResult?.({ ...trained, client, round, verdict, collection })
    // As a client does it: training the same weights again would give the same result.
    if (verdict.state === 'rejected') collection.fail(client, verdict.reason)
  }
  const answerAll = async (assignment: Assignment): Promise<void> => {
    const { rules } = assignment.collection
    const missing = rules.clients.filter((client) => isMissing(client, rules.round))
    const others = rules.clients.filter((client) => !missing.includes(client))
    await Promise.all(others.map((client) => answer(assignment, client)))
    for (const client of missing) assignment.collection.fail(client, 'it is missing')
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

/** A copy that later rounds leave alone. */
export function copyOf({ specs, data }: Weights): Weights {
  return { specs, data: data.map((tensor) => tensor.slice()) }
}
