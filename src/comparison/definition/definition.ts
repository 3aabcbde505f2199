import type { jobOptions, memoryOptions, roundOptions, trainingOptions } from '../../options/federation.js'
import type { jobAlgorithm, swarmOptions } from '../../options/roles.js'
import type { OptionValues } from '../../options/types/spec.js'

/** What a `*.memory.ts` file exports: one job, the settings it is run under, and what is expected of each. */
export interface ComparisonDefinition {
  /** Letters, digits, dot, dash and underscore; it names the folder of the results. */
  name: string
  /** What runs in each trial: `federation({ algorithm: 'fedavg' })`, or `command('python job.py --gc {gc}')`. */
  workload: WorkloadDefinition
  /**
   * The axes of the comparison, by name. Of a federation: `serverMemoryGcRounds`, `arenaMax`, `allocator`, another option
   * of the job, or an environment variable of the judged role in capitals. Of a command: `allocator`, `arenaMax`, a
   * variable in capitals, or any `{placeholder}`. Every combination of the values is a setting; `undefined`, or `'unset'`,
   * takes a variable away. A federation keeps the defaults of the command line for what is left out.
   */
  settings?: Record<string, readonly (string | number | undefined)[]>
  /**
   * Settings beside those combinations, each the first of them with values of its own: `[{ aggregation: 'spooled' }]`. It names
   * an option of the job that is no axis, and may name values of axes too. Nothing that `expect` says of an axis is
   * expected of it. Left out where the command line names other values to compare. Of a federation only.
   */
  besides?: readonly Record<string, string | number>[]
  /** Trials of each setting. */
  trials?: number
  seed?: number
  rateHz?: number
  /** A number is in ms; a text such as `'10m'` works too. */
  trialDeadlineMs?: number | string
  /** Memory that there is, for the forecast; a text such as `'2GiB'` works too. */
  limit?: number | string
  /** Growth that is too little to matter: `'0.5MiB'` or `'0.1%'` of the level a round, or `'50MiB/day'`. */
  tolerance?: string
  /** Extra trials in which the server is probed after every N-th round. Of a command with `probe: true`, the judged role. */
  probeEvery?: number
  /** The role whose memory is judged; `server` when left out. `'server+superlink'` judges the sum of two roles. */
  judge?: string
  /** What is expected, by axis and value: `{ serverMemoryGcRounds: { 0: 'grows', 1: 'stable' } }`. A list is any of its shapes. */
  expect?: Record<string, Record<string, ExpectedShape | readonly ExpectedShape[]>>
}

export type WorkloadDefinition = FederationDefinition | CommandDefinition

/** A job of Tidemark's own federated-learning runtime: one server and its clients. */
export interface FederationDefinition {
  kind: 'federation'
  job: FederationJob
}

/** Any command that does its work in rounds, batches or requests. */
export interface CommandDefinition extends CommandOptions {
  kind: 'command'
  /**
   * The command line. `{name}` stands for the value of a setting, `{{name}}` for the text `{name}`. A text with signs of
   * the shell in it (`|`, `;`, `$`, `*`) is run by /bin/sh, any other is not; a list never is.
   */
  command: string | readonly string[]
}

export interface CommandOptions {
  /**
   * Names for processes, by regular expressions on their command lines; the first that fits counts. When left out, the
   * command's own process has the role that is judged.
   */
  role?: Record<string, RegExp | string>
  /**
   * Where the output tells of rounds: a preset, or a pattern whose group is the round's number; without a group its matches
   * are counted. A line that matches begins a round and ends the one before; after `end:` it ends its own. The program's end
   * ends the last one. When left out, rounds come from the marks that the program writes, and without those the whole run
   * is one round.
   */
  rounds?: RoundsPreset | RegExp | string
  /** A pattern of lines that end a round, beside `rounds` or alone. */
  roundsEnd?: RegExp | string
  /** The file in which `rounds` looks, in place of the output, from its end at the start of each trial. May hold placeholders. */
  log?: string
  /** Rounds that a trial must have; one with fewer has failed. */
  expectedRounds?: number
  /** A line of the output after which the command can do its work. RSS at that moment is the initial RSS. */
  ready?: RegExp | string
  /** A command that is started once `ready` was seen and drives the first one. The trial is over when it has ended. */
  load?: string | readonly string[]
  /** Run before each trial, unrecorded. It has to exit with 0. */
  setup?: string | readonly string[]
  /** Run after each trial, whatever became of it. */
  teardown?: string | readonly string[]
  /** Variables for the command, besides those of the settings; undefined takes one away. Values may hold placeholders. */
  env?: Record<string, string | undefined>
  /** Where all of it runs; the current folder when left out. */
  cwd?: string
  /** How long one trial may take, in ms or as a text such as `'10m'`; the comparison's `trialDeadlineMs` when left out. */
  timeout?: number | string
  /**
   * Preload a small library into the judged role that, when the work is done, has the allocator return its free pages: RSS is
   * split into what the allocator retained and the rest, live or garbage. Built on first use by the C compiler.
   */
  probe?: boolean
  /** The round after whose end that is done; left out, the last, as the preset or `expectedRounds` tells. */
  probeRound?: number
}

/** What is known of a framework: its log lines, its processes and its traps. */
export interface RoundsPreset {
  preset: string
}

/** Options of the job; those left out have the defaults of the command line. Sizes and durations may be texts (`'10MB'`). */
export type FederationJob = {
  algorithm: Algorithm
  /** Of an algorithm in a file: its own options, as in `{ mu: 0.1 }`. */
  algorithmOptions?: Record<string, number>
} & {
  [Key in keyof FederationValues]?: FederationValues[Key] | string
}

type FederationValues = Omit<OptionValues<typeof jobOptions>, 'seed'> &
  OptionValues<typeof trainingOptions> &
  OptionValues<typeof roundOptions> &
  OptionValues<typeof swarmOptions> &
  OptionValues<typeof memoryOptions>

export type Algorithm = OptionValues<{ algorithm: typeof jobAlgorithm }>['algorithm']

export const EXPECTED_SHAPES = ['stable', 'grows', 'falls', 'sawtooth', 'settling', 'staircase', 'spike'] as const
export type ExpectedShape = (typeof EXPECTED_SHAPES)[number]

/** Gives a suite file its types; what is wrong in it is reported when it is loaded, with file and key. */
export function defineComparison(definition: ComparisonDefinition): ComparisonDefinition {
  return definition
}

/** A workload of Tidemark's own runtime. */
export function federation(job: FederationJob): FederationDefinition {
  return { kind: 'federation', job }
}

/** Any command as a workload: `command('python job.py --gc {gc}', { rounds: preset('nvflare') })`. */
export function command(line: string | readonly string[], options: CommandOptions = {}): CommandDefinition {
  return { kind: 'command', command: line, ...options }
}

/** The log lines, processes and traps of a framework, for `rounds`. */
export function preset(name: 'nvflare' | 'flower' | 'openfl' | 'fedml' | 'federatedscope' | 'pfllib'): RoundsPreset {
  return { preset: name }
}
