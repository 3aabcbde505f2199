import type { Setting } from '../../results/setting.js'

/**
 * Assigns each setting the one that it is compared with: the setting that differs from it only in
 * the first axis that varies, with the first value there. With gc rounds 0, 5, 1 and arenas unset,
 * 4, `gc=5 arena=4` is compared with `gc=0 arena=4`, so that one cause is judged at a time.
 * Settings that have the first value already are compared with the first setting, which has no
 * baseline.
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
