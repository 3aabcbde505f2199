import { studentTQuantile } from '../../statistics/distributions/student-t.js'
import { mean } from '../../statistics/mean.js'
import { median } from '../../statistics/median.js'
import { sampleVariance } from '../../statistics/sample-variance.js'
import { TRIALS_TO_DECIDE } from './compare-settings.js'

/** A candidate setting and the results of its trials so far: one number a trial. */
export interface Candidate {
  label: string
  peakBytes: number[]
  roundMs: number[]
  /** True where one of its trials failed, which excludes it. */
  hasFailed: boolean
}

export type TuneStep =
  | { kind: 'run'; label: string }
  /**
   * The cheapest setting that stays below the limit, and the bound that the next trial's peak stays
   * below with 95 % probability.
   */
  | { kind: 'found'; label: string; boundBytes: number }
  | { kind: 'none' }

/**
 * Returns the next step in the search for the cheapest setting whose peak stays under the limit:
 * successive halving (Jamieson and Talwalkar 2016, AISTATS) on the time of a round, over the
 * settings that no trial put above the limit. Each has one trial, the faster half a second, the
 * fastest quarter four. One peak at the limit excludes a setting, because peaks are exact.
 *
 * @param candidates in the order of preference: of two that are as fast, to 5 %, the earlier one
 *   counts as the cheaper
 */
export function nextTrial(candidates: readonly Candidate[], limitBytes: number): TuneStep {
  const alive = candidates.filter((one) => !one.hasFailed && stays(one, limitBytes))
  const untried = alive.find(({ peakBytes }) => peakBytes.length === 0)
  if (untried !== undefined) return { kind: 'run', label: untried.label }
  const [cheapest, ...others] = byCost(alive)
  if (cheapest === undefined) return { kind: 'none' }
  const ranked = [cheapest, ...others]
  for (const { trials, share } of STAGES) {
    const kept = ranked.slice(0, Math.ceil(ranked.length * share))
    const next = kept.find(({ peakBytes }) => peakBytes.length < trials)
    if (next !== undefined) return { kind: 'run', label: next.label }
  }
  return { kind: 'found', label: cheapest.label, boundBytes: boundOf(cheapest.peakBytes)! }
}

const STAGES = [
  { trials: 2, share: 1 / 2 },
  { trials: TRIALS_TO_DECIDE, share: 1 / 4 },
]

/**
 * Tells whether a setting stays below the limit in every trial and, once there are enough trials to
 * predict it, in the next one too.
 */
function stays({ peakBytes }: Candidate, limitBytes: number): boolean {
  if (peakBytes.some((bytes) => bytes >= limitBytes)) return false
  const bound = peakBytes.length < TRIALS_TO_DECIDE ? undefined : boundOf(peakBytes)
  return bound === undefined || bound < limitBytes
}

const SAME_COST = 1.05

/**
 * Sorts the fastest first; preference decides among those about as fast as the fastest that is
 * left.
 */
function byCost(candidates: readonly Candidate[]): Candidate[] {
  const left = [...candidates]
  const ranked: Candidate[] = []
  while (left.length > 0) {
    const fastest = Math.min(...left.map(({ roundMs }) => median(roundMs)))
    const place = left.findIndex(({ roundMs }) => median(roundMs) <= fastest * SAME_COST)
    ranked.push(...left.splice(place, 1))
  }
  return ranked
}

/**
 * Returns the one-sided 95 % prediction bound of a normal sample: Hahn (1969), J. Qual. Technol. 1,
 * 168–171, for one future value.
 */
function boundOf(values: readonly number[]): number | undefined {
  const n = values.length
  if (n < 2) return undefined
  return mean(values) + studentTQuantile(0.95, n - 1) * Math.sqrt(sampleVariance(values) * (1 + 1 / n))
}
