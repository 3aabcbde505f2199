import { holm } from '../../statistics/tests/holm.js'
import { type CompareSettingsOptions, compareSettings, type Difference, decided } from './compare-settings.js'
import type { SettingSummary, Spread } from './setting-summary.js'

/**
 * Differences between one setting and its baseline, setting minus baseline. Null: not measured on
 * one of the two sides.
 */
export interface SettingDifference {
  label: string
  baseline: string
  /** Difference in bytes, as are floor and increase. */
  peak: Difference | null
  floor: Difference | null
  /** Difference of the end RSS of the last round. */
  end: Difference | null
  increase: Difference | null
  /** Difference in ms a round. */
  roundMs: Difference | null
}

/**
 * Compares each setting with its baseline. In each quantity the p-values are adjusted for all
 * settings that were compared.
 *
 * @param baselines the label of each setting's baseline, by the setting's label; a setting without
 *   one is not compared
 */
export function compareWithBaselines(
  summaries: readonly SettingSummary[],
  baselines: ReadonlyMap<string, string>,
  options: CompareSettingsOptions = {},
): SettingDifference[] {
  const pairs = summaries.flatMap((setting) => {
    const baseline = summaries.find(({ label }) => label === baselines.get(setting.label))
    return baseline === undefined ? [] : [{ setting, baseline }]
  })
  const compare = (pick: (summary: SettingSummary) => Spread | null) =>
    adjustForSeveral(
      pairs.map(({ setting, baseline }) => {
        const [before, after] = [pick(baseline), pick(setting)]
        return before === null || after === null ? null : compareSettings(before.values, after.values, options)
      }),
    )
  const peaks = compare(({ peakBytes }) => peakBytes)
  const floors = compare(({ floorBytes }) => floorBytes)
  const ends = compare(({ endRssBytes }) => endRssBytes)
  const increases = compare(({ increaseBytes }) => increaseBytes)
  const times = compare(({ roundMs }) => roundMs)
  return pairs.map(({ setting, baseline }, i) => ({
    label: setting.label,
    baseline: baseline.label,
    peak: peaks[i]!,
    floor: floors[i]!,
    end: ends[i]!,
    increase: increases[i]!,
    roundMs: times[i]!,
  }))
}

/**
 * Adjusts the p-values of one quantity over all settings with a baseline (Holm), separately for
 * difference and for equivalence, and repeats the decisions. Each interval stays that of its own
 * difference.
 */
export function adjustForSeveral(differences: readonly (Difference | null)[]): (Difference | null)[] {
  const pValues = holmOf(differences.map((one) => one?.pValue ?? null))
  const sameness = holmOf(differences.map((one) => one?.equivalence?.pValue ?? null))
  return differences.map((one, i) => {
    if (one === null || pValues[i] === null) return one
    const { equivalence } = one
    return decided({
      ...one,
      pValue: pValues[i]!,
      equivalence: equivalence && { ...equivalence, pValue: sameness[i]! },
      decision: 'undecided',
    })
  })
}

/** Applies Holm's adjustment to the p-values that are not null. */
function holmOf(pValues: readonly (number | null)[]): (number | null)[] {
  const adjusted = holm(pValues.filter((pValue) => pValue !== null))
  let next = 0
  return pValues.map((pValue) => (pValue === null ? null : adjusted[next++]!))
}
