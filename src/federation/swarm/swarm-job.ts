import { jobOptions, type memoryOptions, roundOptions, trainingOptions } from '../../options/federation.js'
import { networkOptions } from '../../options/network.js'
import { type peerOptions, swarmOptions } from '../../options/roles.js'
import type { OptionTable, OptionValues } from '../../options/spec.js'
import { type JobSettings, type MakeTrainer, parseTold } from '../process/job.js'
import { sampleClients, sampleSize } from '../rounds/sample.js'
import type { Weights } from '../tensors/weights.js'

/** What travels from the coordinator to the peers, whole. */
const toldOptions = {
  ...jobOptions,
  ...trainingOptions,
  ...roundOptions,
  ...swarmOptions,
  idleMs: networkOptions.idleMs,
}

export type SwarmSettings = OptionValues<typeof toldOptions>

export type CoordinatorSettings = SwarmSettings & Omit<OptionValues<typeof networkOptions>, 'maxModelSize'>

export type PeerSettings = OptionValues<typeof peerOptions> &
  Pick<OptionValues<typeof networkOptions>, 'host' | 'port' | 'tokenFile'> &
  Pick<OptionValues<typeof memoryOptions>, 'memoryGcRounds'>

/** What a peer runs: everything that differs between a job of the command line and one of a test. */
export interface SwarmModel {
  /** The weights that the job begins with; every peer makes the same ones by itself. */
  initial: Weights
  /** Share of held-out examples that these weights classify rightly; absent where nothing is learnt. */
  accuracy?: (weights: Weights) => number
}

export interface PeerJob {
  settings: PeerSettings
  makeTrainer: MakeTrainer
  loadModel: (settings: SwarmSettings) => Promise<SwarmModel>
  /** Who trains in a round, sorted: by the seeded draw of `rounds/sample.ts` where it is left out. */
  sample?: (round: number) => string[]
}

/** The same job to whoever trains in it: peers train as FedAvg's clients do. */
export function trainingJob(settings: SwarmSettings): JobSettings {
  return { ...settings, algorithm: 'fedavg', algorithmOptions: {}, debug: false, wireDtype: 'float32' }
}

export function tellSettings(settings: SwarmSettings): Record<string, string | number | boolean> {
  const table: OptionTable = toldOptions
  return Object.fromEntries(
    Object.entries(table).map(([key, spec]) => {
      const value = settings[key as keyof SwarmSettings] as string | number | boolean
      return [key, spec.format?.(value) ?? value]
    }),
  )
}

export function parseSwarmSettings(told: unknown): SwarmSettings {
  return parseTold(toldOptions, told) as SwarmSettings
}

/** The same draw as FedAvg's server makes at a round's first attempt with every client there. */
export function drawTrainers(settings: SwarmSettings, peers: readonly string[], round: number): string[] {
  const { sample, seed } = settings
  return sampleClients(peers, sampleSize(sample, peers.length), { seed, round, attempt: 0 })
}
