import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { bootstrapMedians } from '../../statistics/bootstrap-medians.js'
import { median } from '../../statistics/median.js'
import { cliffsDelta } from '../../statistics/tests/cliffs-delta.js'
import { equivalence } from '../../statistics/tests/equivalence.js'
import { EXACT_UP_TO, mannWhitney } from '../../statistics/tests/mann-whitney.js'
import { ratioOfMeans } from '../../statistics/tests/ratio-of-means.js'
import { welch } from '../../statistics/tests/welch.js'
import { adjustForLooks, type Looks, shareOfEarlyStop, shareOfLook } from '../looks.js'

/**
 * Minimum trials on either side for a decision: three against three cannot even reach p = 0.05 by
 * ranks.
 */
export const TRIALS_TO_DECIDE = 4

/** Confidence level of every interval and decision about differences. */
export const LEVEL = 0.95

/**
 * Change, as a share of the baseline, below which a difference does not matter: the magnitude below
 * which Mozilla's alerts stay silent.
 */
const MARGIN_SHARE = 0.02

const BOOTSTRAP_DRAWS = 2000

/** The difference between one setting and another, in the unit of the values given. */
export interface Difference {
  /** Difference of medians, setting minus baseline. */
  change: number
  /** The change divided by the baseline's median; null where that is zero or below. */
  share: number | null
  /** 95 % interval of the difference of means (Welch); null with too few trials. */
  interval: {
    low: number
    high: number
    /** Null where the baseline's mean does not differ from zero. */
    lowShare: number | null
    highShare: number | null
  } | null
  /**
   * 95 % interval of the difference of medians (bootstrap). `interval` decides, not this one: see
   * {@link compareSettings}.
   */
  medianInterval: { low: number; high: number } | null
  /**
   * Welch's t test; null with too few trials. Adjusted where several settings were compared (Holm).
   */
  pValue: number | null
  /** Exact Mann-Whitney test, not adjusted: it needs no assumption about the noise. */
  rankPValue: number | null
  /**
   * Cliff's delta, -1 to 1: 1 when every trial of the setting is above every trial of the baseline.
   */
  delta: number
  /** `delta` in words. */
  effect: 'none' | 'negligible' | 'small' | 'moderate' | 'large' | 'complete'
  /**
   * Equivalence test: whether the two agree to within a margin; null with too few trials, or
   * without a margin.
   */
  equivalence: { margin: number; pValue: number } | null
  /** `undecided` does not mean "the same"; that is `equivalent`, which has to be shown. */
  decision: 'lower' | 'higher' | 'equivalent' | 'undecided' | 'too few trials'
}

export interface CompareSettingsOptions {
  /** Difference that does not matter; default: 2 % of the baseline's median. */
  margin?: number
  /**
   * Looks, where trials are added until the difference is decided: p-values and intervals then hold
   * over all looks together.
   */
  looks?: Looks | undefined
  /** Random numbers of the bootstrap; default: the same sequence at every call. */
  random?: () => number
  bootstrapDraws?: number
}

/**
 * Compares one setting with another, each by one number a trial: its peak, its floor, its mean time
 * of a round.
 *
 * Assumes that trials are independent launches of the same job, interleaved, so that drift of the
 * machine affects both sides alike. It does not assume equal spreads, because cleanup makes them
 * unequal.
 *
 * Welch's interval of the difference of means decides: it covers 93 to 98 % from four trials on,
 * with skew, heavy tails, outliers and unequal spreads. The bootstrap of medians covers 87 % at
 * four trials where one setting scatters and the other does not, and the exact rank interval of
 * Hodges and Lehmann 88 % (docs/cause-and-difference.md).
 *
 * @param baseline one number a trial
 * @param setting one number a trial of the other setting
 */
export function compareSettings(
  baseline: readonly number[],
  setting: readonly number[],
  options: CompareSettingsOptions = {},
): Difference {
  const [a, b] = [baseline, setting]
  const change = median(b) - median(a)
  const delta = cliffsDelta(a, b)
  const effect = {
    change,
    share: median(a) > 0 ? change / median(a) : null,
    delta,
    effect: effectOf(delta),
  }
  const least = Math.min(a.length, b.length)
  const { looks } = options
  const share = looks === undefined ? 1 : shareOfLook(least, looks)
  const level = 1 - (1 - LEVEL) * share
  const tested = least < (looks?.first ?? TRIALS_TO_DECIDE) ? undefined : welch(a, b, level)
  if (tested === undefined) return { ...effect, ...UNTESTED, decision: 'too few trials' }
  const ratio = ratioOfMeans(a, b, level)
  const margin = options.margin ?? MARGIN_SHARE * Math.abs(median(a))
  const sameness = equivalence(a, b, margin)
  return decided({
    ...effect,
    interval: {
      low: tested.low,
      high: tested.high,
      lowShare: ratio === undefined ? null : ratio.low - 1,
      highShare: ratio === undefined ? null : ratio.high - 1,
    },
    medianInterval: bootstrapMedians(a, b, {
      level: LEVEL,
      draws: options.bootstrapDraws ?? BOOTSTRAP_DRAWS,
      random: options.random ?? seededRandom(1),
    }),
    pValue: adjustForLooks(tested.pValue, share),
    rankPValue: a.length + b.length > EXACT_UP_TO ? null : mannWhitney(a, b).pValue,
    equivalence:
      sameness === undefined || margin === 0
        ? null
        : {
            margin,
            pValue: looks === undefined ? sameness : adjustForLooks(sameness, shareOfEarlyStop(least, looks)),
          },
    decision: 'undecided',
  })
}

/** Decides on a difference by its p-values as they stand. */
export function decided(difference: Difference): Difference {
  const { change, pValue, equivalence } = difference
  if (pValue === null) return difference
  if (pValue < 1 - LEVEL) return { ...difference, decision: change < 0 ? 'lower' : 'higher' }
  const isSame = equivalence !== null && equivalence.pValue < 1 - LEVEL
  return { ...difference, decision: isSame ? 'equivalent' : 'undecided' }
}

/** Returns a generator uniform on [0, 1); the same seed gives the same numbers on every machine. */
export function seededRandom(seed: number): () => number {
  const generator = xoroshiro128plus(seed)
  return () => uniformFloat64(generator)
}

const UNTESTED = { interval: null, medianInterval: null, pValue: null, rankPValue: null, equivalence: null }

/**
 * Names an effect by the bounds of Romano, Kromrey, Coraggio and Skowronek (2006). `complete`: the
 * trials of the two sides do not overlap.
 */
function effectOf(delta: number): Difference['effect'] {
  const size = Math.abs(delta)
  if (size === 0) return 'none'
  if (size === 1) return 'complete'
  if (size < 0.147) return 'negligible'
  if (size < 0.33) return 'small'
  return size < 0.474 ? 'moderate' : 'large'
}
