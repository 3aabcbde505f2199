import { jobOptions, type memoryOptions, roundOptions, trainingOptions } from '../../options/federation.js'
import { sampleSize } from '../../options/job-check.js'
import { networkOptions } from '../../options/network.js'
import { type peerOptions, swarmOptions } from '../../options/roles.js'
import type { OptionTable, OptionValues } from '../../options/types/spec.js'
import { type JobSettings, type MakeTrainer, parseReceived } from '../process/job.js'
import { sampleClients } from '../rounds/sample.js'
import type { Weights } from '../tensors/weights.js'

/** The options that travel from the coordinator to the peers. */
const sharedOptions = {
  ...jobOptions,
  ...trainingOptions,
  ...roundOptions,
  ...swarmOptions,
  idleMs: networkOptions.idleMs,
}

export type SwarmSettings = OptionValues<typeof sharedOptions>

export type CoordinatorSettings = SwarmSettings & Omit<OptionValues<typeof networkOptions>, 'maxModelSize'>

export type PeerSettings = OptionValues<typeof peerOptions> &
  Pick<OptionValues<typeof networkOptions>, 'host' | 'port' | 'tokenFile'> &
  Pick<OptionValues<typeof memoryOptions>, 'memoryGcRounds'>

/** What a peer runs: everything in which a job of the command line differs from one of a test. */
export interface SwarmModel {
  /** The initial weights, which every peer makes itself. */
  initial: Weights
  /**
   * Share of held-out examples that these weights classify correctly; absent where nothing is
   * trained.
   */
  accuracy?: (weights: Weights) => number
}

export interface PeerJob {
  settings: PeerSettings
  makeTrainer: MakeTrainer
  loadModel: (settings: SwarmSettings) => Promise<SwarmModel>
  /**
   * Returns the peers that train in a round, sorted; by default the seeded draw of
   * `rounds/sample.ts`.
   */
  sample?: (round: number) => string[]
}

/** The job as a trainer sees it: peers train like FedAvg's clients. */
export function trainingJob(settings: SwarmSettings): JobSettings {
  return { ...settings, algorithm: 'fedavg', algorithmOptions: {}, debug: false, wireDtype: 'float32' }
}

export function sharedSettings(settings: SwarmSettings): Record<string, string | number | boolean> {
  const table: OptionTable = sharedOptions
  return Object.fromEntries(
    Object.entries(table).map(([key, spec]) => {
      const value = settings[key as keyof SwarmSettings] as string | number | boolean
      return [key, spec.format?.(value) ?? value]
    }),
  )
}

export function parseSwarmSettings(received: unknown): SwarmSettings {
  return parseReceived(sharedOptions, received) as SwarmSettings
}

/** Draws as FedAvg's server does at a round's first attempt with every client present. */
export function drawTrainers(settings: SwarmSettings, peers: readonly string[], round: number): string[] {
  const { sample, seed } = settings
  return sampleClients(peers, sampleSize(sample, peers.length), { seed, round, attempt: 0 })
}
