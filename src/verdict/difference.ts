import { cliffsDelta } from '../statistics/cliffs-delta.js'
import { holm } from '../statistics/holm.js'
import { EXACT_UP_TO, mannWhitney } from '../statistics/mann-whitney.js'
import { median } from '../statistics/median.js'
import { ratioOfMeans } from '../statistics/ratio-of-means.js'
import { welch } from '../statistics/welch.js'
import type { SettingSummary, Spread } from './setting-summary.js'

/** Fewer trials than this on either side decide nothing: three against three cannot even reach p = 0.05 by ranks. */
export const TRIALS_TO_DECIDE = 4

/** Of every interval and decision about differences. */
export const LEVEL = 0.95

/** What one setting changes against its baseline, setting minus baseline. Null: not measured on one of the two sides. */
export interface SettingDifference {
  label: string
  baseline: string
  peak: Difference | null
  floor: Difference | null
  increase: Difference | null
}

export interface Difference {
  /** Difference of medians. */
  bytes: number
  /** The same over the baseline's median; null where that is zero or below. */
  share: number | null
  /** 95 %, of this one difference; null with too few trials for one. */
  interval: {
    lowBytes: number
    highBytes: number
    /** Null where the baseline's mean does not differ from zero. */
    lowShare: number | null
    highShare: number | null
  } | null
  /** Welch's t test, adjusted for all settings that were compared in this quantity (Holm); null with too few trials. */
  pValue: number | null
  /** Exact Mann-Whitney test, not adjusted: what can be said without any assumption about the noise. */
  rankPValue: number | null
  /** Cliff's delta, -1 to 1: 1 when every trial of the setting is above every trial of the baseline. */
  delta: number
  /** `undecided` is not "the same". */
  decision: 'lower' | 'higher' | 'undecided' | 'too few trials'
}

/**
 * Each setting against its baseline, in peak, floor and increase.
 *
 * The interval is Welch's, of the difference of means. A percentile bootstrap of medians covers 80 % at four trials, and
 * the exact rank interval of Hodges and Lehmann, right for equal spreads, falls to 88 % where one setting scatters and
 * the other does not, which is what cleanup does. Welch's stays at 93 to 98 % from four trials on, with skew, heavy
 * tails, outliers and unequal spreads (docs/how-verdicts-are-made.md).
 *
 * @param baselines the label of each setting's baseline, by the setting's label; a setting without one is not compared
 */
export function compareWithBaselines(
  summaries: readonly SettingSummary[],
  baselines: ReadonlyMap<string, string>,
): SettingDifference[] {
  const pairs = summaries.flatMap((setting) => {
    const baseline = summaries.find(({ label }) => label === baselines.get(setting.label))
    return baseline === undefined ? [] : [{ setting, baseline }]
  })
  const compare = (pick: (summary: SettingSummary) => Spread | null) =>
    adjust(pairs.map(({ setting, baseline }) => difference(pick(baseline), pick(setting))))
  const peaks = compare(({ peakBytes }) => peakBytes)
  const floors = compare(({ floorBytes }) => floorBytes)
  const increases = compare(({ increaseBytes }) => increaseBytes)
  return pairs.map(({ setting, baseline }, i) => ({
    label: setting.label,
    baseline: baseline.label,
    peak: peaks[i]!,
    floor: floors[i]!,
    increase: increases[i]!,
  }))
}

function difference(baseline: Spread | null, setting: Spread | null): Difference | null {
  if (baseline === null || setting === null) return null
  const [a, b] = [baseline.values, setting.values]
  const bytes = median(b) - median(a)
  const effect = {
    bytes,
    share: median(a) > 0 ? bytes / median(a) : null,
    delta: cliffsDelta(a, b),
  }
  const tested = Math.min(a.length, b.length) < TRIALS_TO_DECIDE ? undefined : welch(a, b, LEVEL)
  if (tested === undefined)
    return { ...effect, interval: null, pValue: null, rankPValue: null, decision: 'too few trials' }
  const ratio = ratioOfMeans(a, b, LEVEL)
  return {
    ...effect,
    interval: {
      lowBytes: tested.low,
      highBytes: tested.high,
      lowShare: ratio === undefined ? null : ratio.low - 1,
      highShare: ratio === undefined ? null : ratio.high - 1,
    },
    pValue: tested.pValue,
    rankPValue: a.length + b.length > EXACT_UP_TO ? null : mannWhitney(a, b).pValue,
    decision: 'undecided',
  }
}

/** Adjusts the p-values of one quantity over all settings, and decides on them. */
function adjust(differences: readonly (Difference | null)[]): (Difference | null)[] {
  const adjusted = holm(differences.flatMap((one) => one?.pValue ?? []))
  let next = 0
  return differences.map((one) => {
    if (one === null || one.pValue === null) return one
    const pValue = adjusted[next++]!
    const isDecided = pValue < 1 - LEVEL
    return { ...one, pValue, decision: isDecided ? (one.bytes < 0 ? 'lower' : 'higher') : 'undecided' }
  })
}
