/**
 * A golden training case through the runtime's own rounds, checks, aggregation and loops, its clients in this process, with
 * the weights as safetensors between them; or as a whole job over sockets.
 */
import { expect } from 'vitest'
import { specsOf, type TrainingCase, toleranceOf, weightsOf } from '../../experiments/support/golden.js'
import { type ClientResult, type EndedRound, runInProcess } from '../../experiments/support/job-in-process.js'
import { SpoolFolder } from '../../src/federation/aggregation/spool-folder.js'
import { SpoolStorage } from '../../src/federation/aggregation/spool-storage.js'
import { memoryStorage, type Storage } from '../../src/federation/aggregation/storage.js'
import type { Algorithm } from '../../src/federation/algorithms/algorithm.js'
import { runClient } from '../../src/federation/client/client.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import { runServer } from '../../src/federation/server/server.js'
import type { TensorType, Weights } from '../../src/federation/tensors/weights.js'
import type { Trainer } from '../../src/federation/training/trainer.js'
import { temporaryFolder } from '../temporary-folder.js'
import { fakeRole, waitForMark } from './fake-role.js'
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
  /** A client has trained in a round: how its result must have been judged. */
  onTrained(trained: ClientResult, wanted: Wanted): 'accepted' | 'not-counted'
  onRound(ended: EndedRound, wanted: Wanted): void
}

/** What the case has for the round at hand, and how close to it a number has to be. */
export interface Wanted {
  expected: TrainingCase['expected']['rounds'][number]
  tolerance: number
}

/** The state after the last round. */
export function runCase({ golden, algorithm, dtype, way, trainerOf, onTrained, onRound }: CaseRun): Promise<Weights> {
  const { config, model, init } = golden
  const ids = golden.clients.map(({ id }) => id)
  const tolerance = toleranceOf(golden, dtype)
  const wanted = (round: number): Wanted => ({ expected: golden.expected.rounds[round - 1]!, tolerance })
  return runInProcess({
    algorithm,
    settings: settingsOf(golden, way),
    rounds: config.rounds,
    initial: weightsOf(specsOf(model.tensors, dtype), init),
    trainers: new Map(ids.map((id) => [id, trainerOf(id)])),
    storage: storageOf(way),
    drawn: (round) => config.schedule?.[round - 1] ?? ids,
    isMissing: (client, round) => config.missing?.[String(round)]?.includes(client) ?? false,
    asBytes: true,
    onResult: (result) => {
      expect(result.verdict.state, `${result.client} in round ${result.round}`).toBe(
        onTrained(result, wanted(result.round)),
      )
    },
    onRound: (ended) => {
      onRound(ended, wanted(ended.round))
      return undefined
    },
  })
}

/** A case that needs no schedule and no client missing runs as a job would, with nothing but its settings. */
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
