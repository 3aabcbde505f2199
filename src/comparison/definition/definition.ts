import type { jobOptions, memoryOptions, roundOptions, trainingOptions } from '../../options/federation.js'
import type { jobAlgorithm, swarmOptions } from '../../options/roles.js'
import type { OptionValues } from '../../options/types/spec.js'

/**
 * The export of a `*.memory.ts` file: one job, the settings it runs under, and what is expected of
 * each.
 */
export interface ComparisonDefinition {
  /** Name of the comparison and of its folder: letters, digits, dot, dash and underscore. */
  name: string
  /**
   * What runs in each trial: `federation({ algorithm: 'fedavg' })`, or `command('python job.py --gc
   * {gc}')`.
   */
  workload: WorkloadDefinition
  /**
   * The axes of the comparison, by name. A federation takes `serverMemoryGcRounds`, `arenaMax`,
   * `allocator`, another option of the job, or an environment variable of the judged role in
   * capitals. A command takes `allocator`, `arenaMax`, a variable in capitals, or any
   * `{placeholder}`. Every combination of the values is a setting; `undefined`, or `'unset'`,
   * removes a variable. If absent, a federation uses the defaults of the command line.
   */
  settings?: Record<string, readonly (string | number | undefined)[]>
  /**
   * Extra settings beside those combinations. Each is the first combination with values of its own:
   * `[{ aggregation: 'spooled' }]`. It names an option of the job that is no axis, and may also set
   * values of axes. What `expect` says of an axis does not apply to it. Dropped if the command line
   * names other values to compare. Only for a federation.
   */
  extraSettings?: readonly Record<string, string | number>[]
  /** Trials of each setting. */
  trials?: number
  seed?: number
  rateHz?: number
  /** Longest time of a trial, in ms or as a text such as `'10m'`. */
  trialDeadlineMs?: number | string
  /** Memory limit for the forecast, in bytes or as a text such as `'2GiB'`. */
  limit?: number | string
  /** Growth too small to matter: `'0.5MiB'` or `'0.1%'` of the level a round, or `'50MiB/day'`. */
  tolerance?: string
  /**
   * Runs extra trials in which the server is probed after every N-th round; with a command and
   * `probe: true`, the judged role.
   */
  probeEvery?: number
  /**
   * The role whose memory is judged. Default: `server`. `'server+superlink'` judges the sum of two
   * roles.
   */
  judge?: string
  /**
   * Expected shapes by axis and value: `{ serverMemoryGcRounds: { 0: 'grows', 1: 'stable' } }`. A
   * list allows any of its shapes.
   */
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
   * The command line. `{name}` stands for the value of a setting, `{{name}}` for the text `{name}`.
   * A text with shell characters (`|`, `;`, `$`, `*`) runs under /bin/sh; any other text, and every
   * list, does not.
   */
  command: string | readonly string[]
}

export interface CommandOptions {
  /**
   * Roles of processes, by regular expressions for their command lines; the first match counts. If
   * absent, the command's own process has the judged role.
   */
  role?: Record<string, RegExp | string>
  /**
   * How the output reports rounds: a preset, or a pattern whose group is the round's number;
   * without a group its matches are counted. A matching line begins a round and ends the one
   * before; after `end:` it ends its own. The program's end ends the last round. If absent, rounds
   * come from the marks that the program writes, and without marks the whole run is one round.
   */
  rounds?: RoundsPreset | RegExp | string
  /** Pattern of lines that end a round, with `rounds` or alone. */
  roundsEnd?: RegExp | string
  /**
   * File that `rounds` reads instead of the output, from its end at the start of each trial. May
   * hold placeholders.
   */
  log?: string
  /** Rounds that a trial must have; a trial with fewer has failed. */
  expectedRounds?: number
  /** Output line after which the command can do its work. RSS at that moment is the initial RSS. */
  ready?: RegExp | string
  /**
   * Command that starts once `ready` was seen and drives the first one. The trial is over when it
   * has ended.
   */
  load?: string | readonly string[]
  /** Command to run before each trial, unrecorded. It must exit with 0. */
  setup?: string | readonly string[]
  /** Command to run after each trial, even a failed one. */
  teardown?: string | readonly string[]
  /**
   * Variables for the command, in addition to those of the settings; undefined removes one. Values
   * may hold placeholders.
   */
  env?: Record<string, string | undefined>
  /** Folder in which all of it runs. Default: the current folder. */
  cwd?: string
  /**
   * Longest time of a trial, in ms or as a text such as `'10m'`. Default: the comparison's
   * `trialDeadlineMs`.
   */
  timeout?: number | string
  /**
   * Preloads a small library into the judged role. When the work is done it has the allocator
   * return its free pages, which splits RSS into what the allocator retained and the rest, live or
   * garbage. The C compiler builds it on first use.
   */
  probe?: boolean
  /**
   * Round after whose end to probe. Default: the last, as given by the preset or `expectedRounds`.
   */
  probeRound?: number
}

/** A framework's log lines, processes and traps. */
export interface RoundsPreset {
  preset: string
}

/**
 * Options of the job. Defaults are those of the command line. Sizes and durations may be texts
 * (`'10MB'`).
 */
export type FederationJob = {
  algorithm: Algorithm
  /** Own options of an algorithm in a file, such as `{ mu: 0.1 }`. */
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

/** Gives a suite file its types. Faults are reported when it is loaded, with file and key. */
export function defineComparison(definition: ComparisonDefinition): ComparisonDefinition {
  return definition
}

/** Defines a workload of Tidemark's own runtime. */
export function federation(job: FederationJob): FederationDefinition {
  return { kind: 'federation', job }
}

/**
 * Defines any command as a workload: `command('python job.py --gc {gc}', { rounds:
 * preset('nvflare') })`.
 */
export function command(line: string | readonly string[], options: CommandOptions = {}): CommandDefinition {
  return { kind: 'command', command: line, ...options }
}

/** Selects the log lines, processes and traps of a framework, for `rounds`. */
export function preset(name: 'nvflare' | 'flower' | 'openfl' | 'fedml' | 'federatedscope' | 'pfllib'): RoundsPreset {
  return { preset: name }
}
