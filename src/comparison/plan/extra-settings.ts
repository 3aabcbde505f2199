/**
 * Extra settings in addition to the combinations of a comparison's axes: single examples that are
 * not combined with everything else.
 */
import type { OptionTable } from '../../options/types/spec.js'
import { type Axes, labelOf, type Setting } from '../../results/setting.js'
import { display, readAxes } from './axes.js'

/**
 * Reads extra settings. Each must set an option of the job that is no axis; otherwise its values
 * would belong to the axes.
 *
 * @param options options that a job may have
 */
export function readExtraSettings(
  given: readonly Record<string, unknown>[],
  { axes, job, options }: { axes: Axes; job: Readonly<Record<string, string | number>>; options: OptionTable },
): { extraSettings: Setting['values'][]; faults: string[] } {
  const read = given.map((one) => readOne(one, options))
  const faults = read.flatMap(({ values, faults }) => {
    if (faults.length > 0) return faults
    const names = Object.keys(values)
    const unknown = names.find((name) => axes[name] === undefined && job[name] === undefined)
    if (unknown !== undefined)
      return [
        `extraSettings.${unknown}: found ${display(values[unknown])}, expected an axis of settings or an option that the job has`,
      ]
    return names.some((name) => axes[name] === undefined)
      ? []
      : [
          `extraSettings: found ${display(values)}, expected an option of the job that is no axis in it; a value of an axis belongs in settings`,
        ]
  })
  const extraSettings = read.map(({ values }) => values)
  const labels = extraSettings.map((own) => labelOf(Object.keys(own), own))
  const repeated = labels.find((label, index) => labels.indexOf(label) !== index)
  if (repeated !== undefined && faults.length === 0)
    faults.push(`extraSettings: found ${repeated} twice, expected each once`)
  return { extraSettings, faults }
}

function readOne(
  given: Record<string, unknown>,
  options: OptionTable,
): { values: Setting['values']; faults: string[] } {
  const lists = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, [value]]))
  const { axes, faults } = readAxes(lists, options)
  return {
    values: Object.fromEntries(Object.entries(axes).map(([name, [value]]) => [name, value!])),
    faults: faults.map((text) => text.replace(/^settings\./, 'extraSettings.')),
  }
}

/** Returns the compared values by axis; extra settings only add the names that are no axes. */
export function valuesByAxis(axes: Axes, extraSettings: readonly Setting['values'][]): Axes {
  const names = new Set(extraSettings.flatMap((own) => Object.keys(own)))
  const others = [...names].map((name) => [name, extraSettings.flatMap((own) => own[name] ?? [])] as const)
  return { ...Object.fromEntries(others), ...axes }
}

/**
 * Returns the combinations, then the extra settings. An extra setting is the first combination with
 * some values of its own, which give it its label. Combinations take values that only extra
 * settings vary from the job.
 */
export function withExtraSettings(
  combinations: readonly Setting[],
  extraSettings: readonly Setting['values'][],
  job: Readonly<Record<string, string | number>>,
): Setting[] {
  const names = new Set(extraSettings.flatMap((own) => Object.keys(own)))
  const combined = combinations.map(({ label, values }) => {
    const others = [...names].filter((name) => values[name] === undefined && job[name] !== undefined)
    return { label, values: { ...values, ...Object.fromEntries(others.map((name) => [name, job[name]!])) } }
  })
  const others = extraSettings.map((own) => ({
    label: labelOf(Object.keys(own), own),
    values: { ...combined[0]!.values, ...own },
  }))
  return [...combined, ...others]
}
