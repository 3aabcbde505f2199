import type { Setting } from '../../results/setting.js'

/**
 * Which setting each one is compared with: the one that differs from it in the first axis that varies alone, having the first
 * value there. With gc rounds 0, 5, 1 and arenas unset, 4, `gc=5 arena=4` is held against `gc=0 arena=4`, so that one
 * cause is judged at a time. Settings with the first value already are held against the first setting, which has no baseline.
 *
 * @param settings in their order; the first one is the baseline of all
 * @returns the label of the baseline by the label of the setting
 */
export function baselinesOf(settings: readonly Setting[]): Map<string, string> {
  const [first, ...others] = settings
  const baselines = new Map<string, string>()
  if (first === undefined) return baselines
  const axis = Object.keys(first.values).find((name) =>
    others.some(({ values }) => values[name] !== first.values[name]),
  )
  for (const setting of others) {
    const wanted: Setting['values'] =
      axis === undefined ? first.values : { ...setting.values, [axis]: first.values[axis]! }
    const baseline = settings.find((other) => other !== setting && hasValues(other, wanted))
    baselines.set(setting.label, (baseline ?? first).label)
  }
  return baselines
}

function hasValues(setting: Setting, wanted: Setting['values']): boolean {
  return Object.keys(wanted).every((name) => setting.values[name] === wanted[name])
}
