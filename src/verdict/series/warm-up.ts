import { median } from '../../statistics/median.js'
import type { CurveFits } from '../curves/choose-curve.js'
import type { CurveFit } from '../curves/fit-curve.js'
import { CLEAR_GAIN, FEWEST_ROUNDS, type Findings, STEP_ROUNDS, STRONG_GAIN } from '../shape/findings.js'
import { growthOf } from '../shape/growth.js'
import type { TrendFrom } from '../shape/now.js'
import type { Trend } from '../shape/trend.js'
import { FAR_SHARE } from './first-rounds.js'

/**
 * Decides whether a warm-up has reached its level, turns into growth, or was not watched for long
 * enough.
 */
export function afterWarmUp(
  found: Findings & { fit: CurveFit },
  { gain, trendFrom, bend }: { gain: number; trendFrom: TrendFrom; bend: Bend },
): Findings {
  const { fit, rowToleranceBytes } = found
  const tau = fit.mean.tauRounds!
  const rounds = Math.max(...found.trials.map((trial) => trial.rounds.length))
  const riseBytes = median(fit.coefficients.map((one) => Math.abs(one.at(-1)!)))
  const leftBytes = Math.max(SETTLED_WITHIN_SD * fit.sdBytes, rowToleranceBytes / 2)
  const over = Math.max(0, Math.ceil(tau * Math.log(riseBytes / leftBytes)))
  const settledPlace = rounds >= WATCHED_FOR_TAU * tau ? Math.min(over, rounds - FEWEST_ROUNDS) : over
  const trend = trendFrom(settledPlace)
  const growth = growthOf(trend, found)
  const tail = { ...found, trend, growth, settledPlace }
  if (growth === 'grows' && bend !== 'to a level') return { ...tail, shape: 'grows', because: 'slope after warm-up' }
  // A warm-up that ends within a round is one low round at the start, so it has to be as large as
  // such an outlier.
  const leastShare = tau < WITHIN_ONE_ROUND ? FAR_SHARE * found.levelBytes : STEP_ROUNDS * rowToleranceBytes
  const isVisible = riseBytes >= Math.max(VISIBLE_SD * fit.sdBytes, leastShare)
  if (growth === 'falls')
    return { ...tail, shape: 'falls', because: isVisible ? 'falls back' : 'falls', settledPlace: undefined }
  if (!isVisible && growth === 'stable') return { ...tail, shape: 'stable', because: 'slope' }
  const isLevel =
    growth === 'stable' ||
    trend === undefined ||
    staysWithin(trend, found, riseBytes) ||
    hasComeToRest(trend, riseBytes / tau, tau)
  if (isVisible && isLevel && rounds >= WATCHED_FOR_TAU * tau && gain > CLEAR_GAIN && isWatched(rounds, settledPlace))
    return { ...tail, shape: 'settling', because: 'settled' }
  const mayRise = rounds < BENT_WITHIN_TAU * tau && bend !== 'to a level'
  const stillRising = mayRise ? risingThroughout(found, rounds, trendFrom) : undefined
  if (stillRising !== undefined)
    return { ...tail, shape: 'grows', because: 'still rising', trend: stillRising, growth: 'grows' }
  const undecided: Findings = { ...tail, shape: 'inconclusive', because: 'grows or settles' }
  return isVisible ? { ...undecided, possible: ['grows', 'settling'] } : undecided
}

/** Minimum length of a level, as a share of the climb before it, because climbs have landings. */
const LASTS = 0.25

export function isWatched(rounds: number, settledPlace: number): boolean {
  return rounds - settledPlace >= LASTS * settledPlace
}

/** Maximum movement of a level while it is watched, as a share of the level. */
const MOVES = 0.05
/** Maximum movement as a share of the rise of the warm-up; the larger of the two applies. */
const MOVES_OF_RISE = 0.25

/**
 * Tells whether a warm-up is over, which has to be shown, as a level has. The part after it may be
 * too short to bound its slope by the tolerance a round. It is then settled where the whole
 * interval of the slope moves the level by little over all rounds watched, relative to the level or
 * to the rise of the warm-up.
 */
export function staysWithin(
  { low, high, spanRounds, notAbove }: Trend,
  { levelBytes }: Pick<Findings, 'levelBytes'>,
  riseBytes: number,
): boolean {
  const most = Math.max(Math.abs(low), Math.abs(high)) * spanRounds
  return most < Math.max(MOVES * levelBytes, MOVES_OF_RISE * riseBytes) && notAbove > DOUBT_OF_LEVEL
}

/**
 * Time constant below which a warm-up lies in the first rounds. It is over where the slope is
 * certainly below a tenth of its initial one.
 */
const FIRST_ROUNDS = 2
const RESTS = 0.1

function hasComeToRest({ high, notAbove }: Trend, firstBytesPerRound: number, tau: number): boolean {
  return tau < FIRST_ROUNDS && high < RESTS * firstBytesPerRound && notAbove > DOUBT_OF_LEVEL
}

/** Minimum probability of no rise that a level needs. */
const DOUBT_OF_LEVEL = 0.025

/** The course of decelerating growth, as far as the rounds show it. */
export type Bend = 'none' | 'to a line' | 'to a level'

/**
 * Calls decelerating growth a leak only where a leak below the warm-up explains the rounds better
 * than a warm-up to a level, however slow. A warm-up that outlasts the job is therefore not called
 * a leak because it still rises at its end.
 */
export function bendOf({ line, saturation, saturationAndLine }: CurveFits): Bend {
  if (saturation === undefined || line.score <= saturation.score) return 'none'
  if (saturationAndLine === undefined) return 'to a level'
  if (saturation.score - saturationAndLine.score > STRONG_GAIN) return 'to a line'
  const isSlight = line.score - saturation.score < STRONG_GAIN
  return isSlight && saturation.likelihood - saturationAndLine.likelihood > LIKELIER ? 'to a line' : 'to a level'
}

/**
 * Gain in likelihood that is enough for a slight bend: one standard error of the leak's slope, so
 * that a leak is likelier than not.
 */
const LIKELIER = 1

/** Time constant of a warm-up that is over after the first round: 63 % of it are. */
export const WITHIN_ONE_ROUND = 1

/** Remainder of a warm-up that counts as over, in standard deviations of the noise. */
const SETTLED_WITHIN_SD = 0.2
/**
 * Minimum rise of a warm-up, in standard deviations of the noise; it also has to be as large as a
 * step.
 */
const VISIBLE_SD = 3
/** Time constants after which a warm-up was watched to its end: 5 % of it are left. */
const WATCHED_FOR_TAU = 3

/** Time constants below which a curve, watched for no longer, has hardly bent yet. */
const BENT_WITHIN_TAU = 2
/** Maximum probability that the second half of a growth falls. */
const DOUBT = 0.1

/**
 * Returns the slope of the second half, where it still rises and the whole does so beyond doubt.
 */
function risingThroughout(found: Findings, rounds: number, trendFrom: TrendFrom): Trend | undefined {
  const half = trendFrom(Math.floor(rounds / 2))
  const isRising = half !== undefined && half.notAbove < DOUBT && half.slope > found.toleranceBytes
  return isRising && growthOf(trendFrom(0), found) === 'grows' ? half : undefined
}
