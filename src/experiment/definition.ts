import type {
  jobOptions,
  memoryOptions,
  OptionValues,
  roundOptions,
  serverOptions,
  trainingOptions,
} from '../options.js'

/** What a `*.memory.ts` file exports: one job, the settings it is run under, and what is expected of each. */
export interface ComparisonDefinition {
  /** Letters, digits, dot, dash and underscore; it names the folder of the results. */
  name: string
  /** What runs in each trial, for example `federation({ algorithm: 'fedavg' })`. */
  workload: WorkloadDefinition
  /**
   * The axes of the comparison, by name: `serverMemoryGcRounds`, `arenaMax`, `allocator`, another option of the job, or
   * an environment variable of the judged role in capitals. Every combination of the values is a setting; `'unset'`
   * takes a variable away. What is left out keeps the default of the command line.
   */
  settings?: Record<string, readonly (string | number)[]>
  /** Trials of each setting. */
  trials?: number
  seed?: number
  rateHz?: number
  /** A number is in ms; a text such as `'10m'` works too. */
  trialDeadlineMs?: number | string
  /** The role whose memory is judged; `server` when left out. */
  judge?: string
  /** What is expected, by axis and value: `{ serverMemoryGcRounds: { 0: 'grows', 1: 'stable' } }`. A list is any of its shapes. */
  expect?: Record<string, Record<string, ExpectedShape | readonly ExpectedShape[]>>
}

export type WorkloadDefinition = FederationDefinition

/** A job of Tidemark's own federated-learning runtime: one server and its clients. */
export interface FederationDefinition {
  kind: 'federation'
  job: FederationJob
}

/** Options of the job; those left out have the defaults of the command line. Sizes and durations may be texts (`'10MB'`). */
export type FederationJob = { algorithm: Algorithm } & {
  [Key in keyof FederationValues]?: FederationValues[Key] | string
}

type FederationValues = Omit<OptionValues<typeof jobOptions>, 'seed'> &
  OptionValues<typeof trainingOptions> &
  OptionValues<typeof roundOptions> &
  OptionValues<typeof memoryOptions>

export type Algorithm = OptionValues<typeof serverOptions>['algorithm']

export const EXPECTED_SHAPES = ['stable', 'grows', 'sawtooth', 'settling', 'staircase', 'spike'] as const
export type ExpectedShape = (typeof EXPECTED_SHAPES)[number]

/** Gives a suite file its types; what is wrong in it is reported when it is loaded, with file and key. */
export function defineComparison(definition: ComparisonDefinition): ComparisonDefinition {
  return definition
}

/** A workload of Tidemark's own runtime. */
export function federation(job: FederationJob): FederationDefinition {
  return { kind: 'federation', job }
}
