import type { Comparison } from '../results/comparison.js'
import { compareSettings, type Difference } from './difference/compare-settings.js'
import { adjustForSeveral } from './difference/difference.js'
import { type SettingSummary, type Spread, summarizeSetting } from './difference/setting-summary.js'

/** One setting before and after a change. */
export interface SettingBeforeAfter {
  before: SettingSummary
  after: SettingSummary
  /**
   * Change of the peak, after minus before, in bytes; null: not measured on one of the two sides.
   */
  peak: Difference | null
  endRss: Difference | null
  /** Change in ms a round. */
  roundMs: Difference | null
}

export interface ComparedComparisons {
  settings: SettingBeforeAfter[]
  /** Labels of settings that exist on one side only, or have no completed trial on the other. */
  onlyBefore: string[]
  onlyAfter: string[]
}

/**
 * Compares two comparisons setting by setting, by one number a trial. p-values are adjusted for all
 * settings (Holm), as within a comparison.
 *
 * Where each has one setting, these two are compared whatever they are called.
 */
export function compareComparisons(before: Comparison, after: Comparison): ComparedComparisons {
  const [first, second] = [measured(before), measured(after)]
  const isOneEach = first.length === 1 && second.length === 1
  const pairs = first.flatMap((one) => {
    const other = isOneEach ? second[0] : second.find(({ label }) => label === one.label)
    return other === undefined ? [] : [{ before: one, after: other }]
  })
  const differences = (pick: (summary: SettingSummary) => Spread | null) =>
    adjustForSeveral(
      pairs.map((pair) => {
        const [a, b] = [pick(pair.before), pick(pair.after)]
        return a === null || b === null ? null : compareSettings(a.values, b.values)
      }),
    )
  const peaks = differences(({ peakBytes }) => peakBytes)
  const ends = differences(({ endRssBytes }) => endRssBytes)
  const times = differences(({ roundMs }) => roundMs)
  const labels = (summaries: readonly SettingSummary[], side: 'before' | 'after') =>
    summaries.map(({ label }) => label).filter((label) => pairs.every((pair) => pair[side].label !== label))
  return {
    settings: pairs.map((pair, i) => ({ ...pair, peak: peaks[i]!, endRss: ends[i]!, roundMs: times[i]! })),
    onlyBefore: labels(first, 'before'),
    onlyAfter: labels(second, 'after'),
  }
}

function measured(comparison: Comparison): SettingSummary[] {
  return comparison.settings
    .map(({ label }) => {
      const own = comparison.trials.filter(({ setting }) => setting === label)
      return summarizeSetting(label, own, { judge: comparison.judge })
    })
    .filter(({ trials }) => trials > 0)
}
