import * as v from 'valibot'
import { suggestWord } from '../closest-word.js'
import { UsageError } from '../errors.js'
import {
  axisOptions,
  compareOptions,
  formatOption,
  jobOptions,
  memoryOptions,
  type OptionSpec,
  type OptionTable,
  roundOptions,
  serverOptions,
  trainingOptions,
} from '../options.js'
import { display, readAxes } from './axes.js'
import { EXPECTED_SHAPES } from './definition.js'
import type { Axes } from './settings.js'

/**
 * A definition, checked and with every default filled in. It is plain JSON and part of comparison.json, from which
 * `--resume` reads it back.
 */
export interface ComparisonPlan {
  name: string
  workload: WorkloadPlan
  settings: Axes
  trials: number
  seed: number
  rateHz: number
  trialDeadlineMs: number
  judge: string
  expect: Record<string, Record<string, string[]>>
}

export type WorkloadPlan = FederationPlan

export interface FederationPlan {
  kind: 'federation'
  /** A value for every option of the job. */
  job: Record<string, string | number>
}

const { seed, ...jobWithoutSeed } = jobOptions

/** Options of a job of our own runtime. The seed is the comparison's. */
export const federationOptions = {
  algorithm: serverOptions.algorithm,
  ...jobWithoutSeed,
  ...trainingOptions,
  ...roundOptions,
  ...memoryOptions,
}

/**
 * Checks what a suite file or a caller of the library defined.
 *
 * @param source the file, for messages
 * @throws UsageError that lists every fault with its key, what was found and what would be right
 */
export function planComparison(definition: unknown, source: string): ComparisonPlan {
  const checked = v.safeParse(definitionSchema, definition)
  if (!checked.success) throw usageError(source, checked.issues.map(faultOf))
  const { settings, ...rest } = checked.output
  const { axes, faults } = readAxes(settings ?? defaultAxes(), federationOptions)
  if (faults.length > 0) throw usageError(source, faults)
  const unexpected = expectationFaults(rest.expect, axes)
  if (unexpected.length > 0) throw usageError(source, unexpected)
  return { ...rest, settings: axes }
}

function defaultAxes(): Axes {
  return Object.fromEntries(Object.entries(axisOptions).map(([axis, spec]) => [axis, spec.default]))
}

const definitionEntries = {
  name: v.pipe(v.string(), v.regex(/^[\w-][\w.-]*$/, 'a name of letters, digits, dot, dash and underscore')),
  workload: v.variant('kind', [
    v.strictObject({
      kind: v.literal('federation'),
      job: v.strictObject(entriesOf(federationOptions)),
    }),
  ]),
  settings: v.optional(v.record(v.string(), v.unknown())),
  trials: optionValue(compareOptions.trials),
  seed: optionValue(seed),
  rateHz: optionValue(compareOptions.rateHz),
  trialDeadlineMs: optionValue(compareOptions.trialDeadlineMs),
  judge: v.optional(v.pipe(v.string(), v.nonEmpty('the name of a role, for example "server"')), 'server'),
  expect: v.optional(v.record(v.string(), v.record(v.string(), expectedShapes())), {}),
}

const definitionSchema = v.strictObject(definitionEntries)

/** The keys that may stand where an unknown one was found, by the path of its parent. */
const KNOWN_KEYS: Record<string, string[]> = {
  '': Object.keys(definitionEntries),
  workload: ['kind', 'job'],
  'workload.job': Object.keys(federationOptions),
}

/** A value as the option's own parser takes it; its default when left out. */
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

/** Expectations name axes and values that the comparison has. */
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

function faultOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? ''
  if (issue.type !== 'strict_object' || issue.expected !== 'never') {
    const isOwnMessage = !issue.message.startsWith('Invalid ')
    return fault(path, issue.received, isOwnMessage ? issue.message : (issue.expected ?? 'something else'))
  }
  const parent = path.split('.').slice(0, -1).join('.')
  return `${path}: unknown key. ${suggestWord(path.split('.').at(-1)!, KNOWN_KEYS[parent] ?? [])}`
}

function fault(path: string, found: string, expected: string): string {
  return `${path === '' ? 'the definition' : path}: found ${found}, expected ${expected}`
}

function usageError(source: string, faults: readonly string[]): UsageError {
  const [first, ...others] = faults
  if (others.length === 0) return new UsageError(`${source}: ${first}`)
  return new UsageError(`${source} has ${faults.length} faults:\n${faults.map((one) => `  ${one}`).join('\n')}`)
}
