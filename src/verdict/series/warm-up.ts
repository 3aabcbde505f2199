import { median } from '../../statistics/median.js'
import type { CurveFits } from '../curves/choose-curve.js'
import type { CurveFit } from '../curves/fit-curve.js'
import { CLEAR_GAIN, FEWEST_ROUNDS, type Findings, STEP_ROUNDS, STRONG_GAIN } from '../shape/findings.js'
import { growthOf } from '../shape/growth.js'
import type { TrendFrom } from '../shape/now.js'
import type { Trend } from '../shape/trend.js'
import { FAR_SHARE } from './first-rounds.js'

/** Whether a warm-up has come to its level, goes over into growth, or has not been watched for long enough. */
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
  // Over within a round it is one low round at the start, of which as much is asked as where it is seen as an outlier.
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

/** A level has lasted at least so long, as a share of the climb before it: climbs have landings. */
const LASTS = 0.25

export function isWatched(rounds: number, settledPlace: number): boolean {
  return rounds - settledPlace >= LASTS * settledPlace
}

/** What a level may move by while it is watched, as a share of it, */
const MOVES = 0.05
/** or of what the warm-up rose by. */
const MOVES_OF_RISE = 0.25

/**
 * That a warm-up is over is a positive claim, as that of a level is. The part after it may be too short to bound its slope by what is
 * tolerated a round; then it is settled where its whole interval moves the level by little over all that was watched of it, against the level or what the warm-up rose by.
 */
export function staysWithin(
  { low, high, spanRounds, notAbove }: Trend,
  { levelBytes }: Pick<Findings, 'levelBytes'>,
  riseBytes: number,
): boolean {
  const most = Math.max(Math.abs(low), Math.abs(high)) * spanRounds
  return most < Math.max(MOVES * levelBytes, MOVES_OF_RISE * riseBytes) && notAbove > DOUBT_OF_LEVEL
}

/** A warm-up of the first rounds is over where the slope is certain to be a tenth of what it began with. */
const FIRST_ROUNDS = 2
const RESTS = 0.1

function hasComeToRest({ high, notAbove }: Trend, firstBytesPerRound: number, tau: number): boolean {
  return tau < FIRST_ROUNDS && high < RESTS * firstBytesPerRound && notAbove > DOUBT_OF_LEVEL
}

/** A slope that is above zero with so much probability is no level. */
const DOUBT_OF_LEVEL = 0.025

/** Where growth that falls is going, as far as the rounds tell. */
export type Bend = 'none' | 'to a line' | 'to a level'

/**
 * Growth that falls is a leak only where a leak below the warm-up explains the rounds better than a warm-up to a level, however slow. So a
 * warm-up that outlasts the job is not called a leak because it still rises at its end.
 */
export function bendOf({ line, saturation, saturationAndLine }: CurveFits): Bend {
  if (saturation === undefined || line.score <= saturation.score) return 'none'
  if (saturationAndLine === undefined) return 'to a level'
  if (saturation.score - saturationAndLine.score > STRONG_GAIN) return 'to a line'
  const isSlight = line.score - saturation.score < STRONG_GAIN
  return isSlight && saturation.likelihood - saturationAndLine.likelihood > LIKELIER ? 'to a line' : 'to a level'
}

/** Of a slight bend it is enough that a leak below it is likelier than not: one standard error of its slope. */
const LIKELIER = 1

/** A time constant of a warm-up that is over after the first round: 63 % of it are. */
export const WITHIN_ONE_ROUND = 1

/** A warm-up is over where what is left of it is less than a fifth of the noise, */
const SETTLED_WITHIN_SD = 0.2
/** is worth its name where it rises above the noise, and as far as a step has to, */
const VISIBLE_SD = 3
/** and has been watched to its end after three time constants, when 5 % of it are left. */
const WATCHED_FOR_TAU = 3

/** A curve whose time constant is that long has hardly bent yet. */
const BENT_WITHIN_TAU = 2
/** A second half that falls with more than 10 % probability is no growth. */
const DOUBT = 0.1

/** The slope of the second half, where it still rises and the whole does so beyond doubt. */
function risingThroughout(found: Findings, rounds: number, trendFrom: TrendFrom): Trend | undefined {
  const half = trendFrom(Math.floor(rounds / 2))
  const isRising = half !== undefined && half.notAbove < DOUBT && half.slope > found.toleranceBytes
  return isRising && growthOf(trendFrom(0), found) === 'grows' ? half : undefined
}
