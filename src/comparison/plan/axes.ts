import * as v from 'valibot'
import { axisOptions } from '../../options/comparison.js'
import { formatOption, type OptionTable } from '../../options/types/spec.js'
import type { Axes } from '../../results/setting.js'
import { suggestWord } from '../../shared/did-you-mean.js'

/**
 * Values under names that a user chose. Those that every object has would get lost on the way.
 */
export function namedValues<T extends v.GenericSchema>(value: T) {
  return v.pipe(
    v.custom<Record<string, v.InferInput<T>>>(
      (given) => !Object.getOwnPropertyNames(given ?? {}).some((name) => name in {} || name === 'prototype'),
      'names other than those of every object, such as constructor, prototype and __proto__',
    ),
    v.record(v.string(), value),
  )
}

/** A fault of one axis as a sentence, for the error that lists them all. */
interface AxisFault {
  fault: string
}

/**
 * Reads the axes of a definition. `undefined` as the value of a variable becomes `unset`.
 *
 * @param jobOptions options of the job, which may be axes too
 */
export function readAxes(
  given: Readonly<Record<string, unknown>>,
  jobOptions: OptionTable,
): { axes: Axes; faults: string[] } {
  const axes: Record<string, (string | number)[]> = {}
  const faults: string[] = []
  for (const [axis, list] of Object.entries(given)) {
    const read = readAxis(axis, list, jobOptions)
    if ('fault' in read) faults.push(read.fault)
    else axes[axis] = read.values
  }
  return { axes, faults }
}

/**
 * Reads the axes of a command: each must be an axis of how programs are launched, a variable or a
 * placeholder.
 *
 * @param placeholders names of the placeholders in the command
 */
export function readCommandAxes(
  given: Readonly<Record<string, unknown>>,
  placeholders: readonly string[],
): { axes: Axes; faults: string[] } {
  const { allocator, arenaMax } = axisOptions
  const launched: OptionTable = { allocator, arenaMax }
  const axes: Record<string, (string | number)[]> = {}
  const faults: string[] = []
  for (const [axis, list] of Object.entries(given)) {
    const isKnown = launched[axis] !== undefined || isVariable(axis) || placeholders.includes(axis)
    const read = isKnown
      ? readAxis(axis, list, {}, launched)
      : {
          fault: `settings.${axis}: the command has no {${axis}}, and it is no environment variable in capitals. ${suggestWord(axis, [...placeholders, ...Object.keys(launched)])}`,
        }
    if ('fault' in read) faults.push(read.fault)
    else axes[axis] = read.values
  }
  return { axes, faults }
}

function readAxis(
  axis: string,
  list: unknown,
  jobOptions: OptionTable,
  named: Record<string, { parse(text: string): unknown; expected: string }> = axisOptions,
): { values: (string | number)[] } | AxisFault {
  const fault = (expected: string): AxisFault => ({
    fault: `settings.${axis}: found ${display(list)}, expected ${expected}`,
  })
  if (!Array.isArray(list) || list.length === 0) return fault('a list of at least one value')
  if (named[axis] !== undefined) {
    const values = named[axis].parse(list.map((value) => String(value ?? 'unset')).join(','))
    return values === undefined
      ? fault(named[axis].expected.replace('comma-separated ', ''))
      : { values: values as (string | number)[] }
  }
  const spec = jobOptions[axis]
  if (spec === undefined && !isVariable(axis) && named === axisOptions)
    return {
      fault: `settings.${axis}: no such axis. ${suggestWord(axis, [...Object.keys(axisOptions), ...Object.keys(jobOptions)])}`,
    }
  const values = list.map((value) =>
    spec === undefined
      ? textOrNumber(value)
      : spec.parse(typeof value === 'string' ? value : formatOption(spec, value)),
  )
  if (values.includes(undefined) || new Set(values).size !== values.length)
    return fault(`a list without repeats, each ${spec?.expected ?? 'a text, a number or undefined'}`)
  return { values: values as (string | number)[] }
}

/** Returns whether the axis is an environment variable: a name in capitals. */
export function isVariable(axis: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(axis)
}

function textOrNumber(value: unknown): string | number | undefined {
  if (value === undefined || value === null) return 'unset' // null is how JSON writes it
  return typeof value === 'string' || typeof value === 'number' ? value : undefined
}

/** Formats a value as a definition writes it, short enough for a message. */
export function display(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
