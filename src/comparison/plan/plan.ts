import * as v from 'valibot'
import { axisOptions, compareOptions } from '../../options/comparison.js'
import { jobOptions } from '../../options/federation.js'
import {
  defaultValue,
  formatOption,
  isUsedBy,
  type OptionSpec,
  type OptionTable,
  whyUseless,
} from '../../options/types/spec.js'
import { frameworkPreset } from '../../recording/rounds/framework-presets.js'
import { type Axes, expandSettings, type Setting } from '../../results/setting.js'
import type { Tolerance } from '../../results/tolerance.js'
import { suggestWord } from '../../shared/did-you-mean.js'
import { UsageError } from '../../shared/errors.js'
import { REF_AXIS } from '../../verdict/gate/gate-refs.js'
import { EXPECTED_SHAPES } from '../definition/definition.js'
import { type DefinitionSource, lineOf } from '../definition/definition-source.js'
import { type RefsPlan, refsSchema } from '../refs/refs-plan.js'
import { assertJob } from './assert-job.js'
import { display, namedValues, readAxes, readCommandAxes } from './axes.js'
import {
  type CommandPlan,
  commandEntries,
  judgeFaults,
  logFaults,
  placeholderFaults,
  probeFaults,
  templatesOf,
  withPresetRoles,
} from './command-plan.js'
import { readExtraSettings, valuesByAxis, withExtraSettings } from './extra-settings.js'
import { federationOptions } from './federation-options.js'
import { placeholdersIn } from './placeholders.js'

/**
 * A checked definition with every default filled in. It is plain JSON, stored in plan.json, from
 * which `--resume` reads it.
 */
export interface ComparisonPlan {
  name: string
  workload: WorkloadPlan
  settings: Axes
  /** Extra settings in addition to the combinations of the axes, each with only its own values. */
  extraSettings: Setting['values'][]
  trials: number
  seed: number
  rateHz: number
  trialDeadlineMs: number
  /** Memory limit. Default: that of the cgroup or the machine. */
  limit?: number | undefined
  /** Growth too small to matter. Default: 0.1 % of the level a round. */
  tolerance?: Tolerance | undefined
  /** Interval of probes in extra trials. Default: no such trials. */
  probeEvery?: number | undefined
  judge: string
  /** Git refs, which are then the first axis. Default: the job runs where it is. */
  refs?: RefsPlan | undefined
  expect: Record<string, Record<string, string[]>>
}

export type WorkloadPlan = FederationPlan | CommandPlan

export interface FederationPlan {
  kind: 'federation'
  /** A value for every option that its algorithm uses. */
  job: Record<string, string | number>
}

/**
 * Checks the definition of a suite file or a caller of the library.
 *
 * @param source the file, for messages
 * @throws UsageError that lists every fault with its line, its key, what was found and what was
 *   expected
 */
export function planComparison(definition: unknown, source: string | DefinitionSource): ComparisonPlan {
  const from = typeof source === 'string' ? { name: source } : source
  const checked = v.safeParse(definitionSchema, withDefaultsOfAlgorithm(definition))
  if (!checked.success) {
    const kind = (definition as { workload?: { kind?: unknown } } | null)?.workload?.kind
    const faults = checked.issues.map((issue) => faultOf(issue, kind))
    throw usageError(from, faults)
  }
  const useless = uselessKeys(definition)
  if (useless.length > 0) throw usageError(from, useless)
  const {
    settings,
    besides,
    extraSettings: given = besides ?? [],
    workload,
    judge,
    floor,
    tolerance = floor,
    ...others
  } = checked.output
  const rest = { ...others, tolerance }
  const { plan, faults } =
    workload.kind === 'federation'
      ? planFederation(workload, settings, judge)
      : planCommand(withPresetRoles(workload), settings, judge, rest.refs)
  if (faults.length > 0) throw usageError(from, faults)
  const { extraSettings, faults: extraFaults } = readExtraSettings(given, {
    axes: plan.settings,
    job: jobOf(plan),
    options: federationOptions,
  })
  if (extraFaults.length > 0) throw usageError(from, extraFaults)
  const unexpected = expectationFaults(rest.expect, valuesByAxis(plan.settings, extraSettings))
  if (unexpected.length > 0) throw usageError(from, unexpected)
  const planned = { ...rest, ...plan, extraSettings }
  if (planned.workload.kind === 'federation') assertRunnable(planned.workload.job, settingsOf(planned), from)
  return planned
}

/** Names the file that holds a job that could not run. */
function assertRunnable(job: FederationPlan['job'], settings: readonly Setting[], { name }: DefinitionSource): void {
  try {
    assertJob(job, settings)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(`${name}: ${error.message}`, { fix: error.fix!, cause: error })
  }
}

/** Returns all settings of a plan; the first is the one that the others are compared with. */
export function settingsOf(plan: ComparisonPlan): Setting[] {
  return withExtraSettings(expandSettings(plan.settings), plan.extraSettings, jobOf(plan))
}

/** Returns the options of a job; empty for a command, whose options are unknown. */
function jobOf({ workload }: Pick<ComparisonPlan, 'workload'>): FederationPlan['job'] {
  return workload.kind === 'federation' ? workload.job : {}
}

type WorkloadPart = { plan: Pick<ComparisonPlan, 'workload' | 'settings' | 'judge'>; faults: string[] }

function planFederation(workload: FederationPlan, given: Given, judge: string | undefined): WorkloadPart {
  const { algorithm } = workload.job
  const isSwarm = algorithm === 'swarm'
  const { axes, faults } = readAxes(given ?? defaultAxes(isSwarm), federationOptions)
  const used = Object.entries(federationOptions).filter(([, spec]) => isUsedBy(spec, algorithm))
  const job = Object.fromEntries(used.map(([key]) => [key, workload.job[key]!]))
  return {
    plan: { workload: { ...workload, job }, settings: axes, judge: judge ?? (isSwarm ? 'peer' : 'server') },
    faults,
  }
}

/** Lists options in the job or the axes that the job's algorithm does not use. */
function uselessKeys(definition: unknown): string[] {
  const { workload, settings = {} } = definition as {
    workload: { job?: Record<string, unknown> }
    settings?: Record<string, unknown>
  }
  const { job = {} } = workload
  const fault = (path: string) => (key: string) => {
    const spec = (federationOptions as OptionTable)[key]
    return spec === undefined || isUsedBy(spec, job.algorithm)
      ? []
      : [`${path}.${key}: ${whyUseless(spec, job.algorithm)}`]
  }
  return workload.job === undefined
    ? []
    : [...Object.keys(job).flatMap(fault('workload.job')), ...Object.keys(settings).flatMap(fault('settings'))]
}

/** Plans a command. Without axes it has one setting: the command as it is. */
function planCommand(
  workload: CommandPlan,
  given: Given,
  asked: string | undefined,
  refs: RefsPlan | undefined,
): WorkloadPart {
  const placeholders = templatesOf(workload).flatMap(({ text }) => placeholdersIn(text))
  const { axes, faults } = readCommandAxes(given ?? {}, refs === undefined ? placeholders : [...placeholders, REF_AXIS])
  const judge = asked ?? frameworkPreset(workload.rounds ?? undefined)?.judge ?? 'server'
  return {
    plan: { workload, settings: axes, judge },
    faults: [
      ...faults,
      ...placeholderFaults(workload, { ...given, ...axes }),
      ...judgeFaults(workload, judge),
      ...probeFaults(workload),
      ...logFaults(workload),
    ],
  }
}

type Given = Record<string, unknown> | undefined

/** Fills in defaults that depend on the algorithm, which a schema of single options cannot see. */
function withDefaultsOfAlgorithm(definition: unknown): unknown {
  const workload = (definition as { workload?: { job?: { algorithm?: unknown } | null } } | null)?.workload
  const job = workload?.job
  if (typeof job !== 'object' || job === null) return definition
  const others = Object.entries<OptionSpec<unknown>>(federationOptions).filter(([, { defaultWith }]) => defaultWith)
  const defaults = Object.fromEntries(others.map(([key, spec]) => [key, defaultValue(spec, job.algorithm)]))
  return { ...(definition as object), workload: { ...workload, job: { ...defaults, ...job } } }
}

/**
 * Returns the default axes: the peers of a swarm clean up by `memoryGcRounds`, a server by
 * `serverMemoryGcRounds`.
 */
function defaultAxes(isSwarm: boolean): Axes {
  const { serverMemoryGcRounds, memoryGcRounds, ...launched } = axisOptions
  const table: OptionTable = { ...(isSwarm ? { memoryGcRounds } : { serverMemoryGcRounds }), ...launched }
  return Object.fromEntries(Object.entries(table).map(([axis, spec]) => [axis, spec.default as (string | number)[]]))
}

const definitionEntries = {
  name: v.pipe(v.string(), v.regex(/^[\w-][\w.-]*$/, 'a name of letters, digits, dot, dash and underscore')),
  workload: v.variant('kind', [
    v.strictObject({
      kind: v.literal('federation'),
      job: v.strictObject(entriesOf(federationOptions)),
    }),
    v.strictObject(commandEntries),
  ]),
  settings: v.optional(namedValues(v.unknown())),
  extraSettings: v.optional(v.array(namedValues(v.unknown()))),
  /** The earlier name of `extraSettings`. */
  besides: v.optional(v.array(namedValues(v.unknown()))),
  trials: optionValue(compareOptions.trials),
  seed: optionValue(jobOptions.seed),
  rateHz: optionValue(compareOptions.rateHz),
  trialDeadlineMs: optionValue(compareOptions.trialDeadlineMs),
  limit: optionValue(compareOptions.limit),
  tolerance: optionValue(compareOptions.tolerance),
  /** The older name of `tolerance`. */
  floor: optionValue(compareOptions.tolerance),
  probeEvery: optionValue(compareOptions.probeEvery),
  judge: v.optional(v.pipe(v.string(), v.nonEmpty('the name of a role, for example "server"'))),
  refs: v.optional(refsSchema),
  expect: v.optional(v.record(v.string(), v.record(v.string(), expectedShapes())), {}),
}

const definitionSchema = v.strictObject(definitionEntries)

/**
 * Returns the keys allowed beside an unknown one, by the path of its parent and the kind of
 * workload.
 */
function knownKeys(parent: string, kind: unknown): string[] {
  if (parent === '') return Object.keys(definitionEntries).filter((key) => key !== 'floor')
  if (parent === 'workload.job') return Object.keys(federationOptions)
  return kind === 'command' ? Object.keys(commandEntries) : ['kind', 'job']
}

/** Accepts what the option's own parser accepts, or its default if absent. */
function optionValue<T>(spec: OptionSpec<T>): v.GenericSchema<T | undefined, T> {
  const schema = v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const { value } = dataset
      const parsed = spec.parse(typeof value === 'string' ? value : formatOption(spec, value))
      if (parsed !== undefined) return parsed
      addIssue({ message: spec.expected, received: display(value) })
      return NEVER
    }),
  )
  return v.optional(schema, () => spec.default) as v.GenericSchema<T | undefined, T>
}

function entriesOf(table: OptionTable): Record<string, v.GenericSchema<unknown, string | number>> {
  return Object.fromEntries(
    Object.entries(table).map(([key, spec]) => [key, optionValue(spec as OptionSpec<string | number>)]),
  )
}

function expectedShapes() {
  const shape = v.picklist(EXPECTED_SHAPES)
  return v.pipe(
    v.union([shape, v.array(shape)], `one of ${EXPECTED_SHAPES.join(', ')}, or a list of them`),
    v.transform((shapes): string[] => (typeof shapes === 'string' ? [shapes] : shapes)),
  )
}

/** Checks that expectations name axes and values that the comparison has. */
function expectationFaults(expect: ComparisonPlan['expect'], axes: Axes): string[] {
  return Object.entries(expect).flatMap(([axis, byValue]) => {
    const values = axes[axis]?.map(String)
    if (values === undefined)
      return [`expect.${axis}: no such axis in settings. ${suggestWord(axis, Object.keys(axes))}`]
    return Object.keys(byValue)
      .filter((value) => !values.includes(value))
      .map((value) => fault(`expect.${axis}`, value, `a value of settings.${axis}: ${values.join(', ')}`))
  })
}

function faultOf(issue: v.BaseIssue<unknown>, kind: unknown): string {
  const path = v.getDotPath(issue) ?? ''
  if (issue.type !== 'strict_object' || issue.expected !== 'never') {
    const isOwnMessage = !issue.message.startsWith('Invalid ')
    return fault(path, issue.received, isOwnMessage ? issue.message : expectedOf(issue))
  }
  const parent = path.split('.').slice(0, -1).join('.')
  return `${path}: unknown key. ${suggestWord(path.split('.').at(-1)!, knownKeys(parent, kind))}`
}

/** Returns the expected type for a message; valibot calls an object by its TypeScript type. */
function expectedOf({ expected }: v.BaseIssue<unknown>): string {
  return expected === 'Object'
    ? 'an object of keys and values, as defineComparison takes it'
    : (expected ?? 'something else')
}

function fault(path: string, found: string, expected: string): string {
  return `${path === '' ? 'the definition' : path}: found ${found}, expected ${expected}`
}

/** Makes the error. A fault begins with its key, and the line of that key goes before it. */
function usageError({ name, text }: DefinitionSource, faults: readonly string[]): UsageError {
  const lines = faults.map((one) => (text === undefined ? undefined : lineOf(text, keyOf(one))))
  const [first] = faults
  if (faults.length === 1) return new UsageError(`${name}${lines[0] === undefined ? '' : `:${lines[0]}`}: ${first}`)
  const listed = faults.map((one, index) => `  ${lines[index] === undefined ? '' : `line ${lines[index]}: `}${one}`)
  return new UsageError(`${name} has ${faults.length} faults:\n${listed.join('\n')}`)
}

function keyOf(fault: string): string[] {
  return fault.slice(0, fault.indexOf(': ')).split('.')
}
