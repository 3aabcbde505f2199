import { median } from '../../statistics/median.js'
import type { RoundSeries } from '../series/round-series.js'
import type { Now } from './analysis.js'
import { ALPHA, isTolerated, type Matter } from './growth.js'
import type { Trend } from './trend.js'

/** Returns the trend of the part from an index on; undefined where too few rounds are left. */
export type TrendFrom = (place: number) => Trend | undefined

/** Minimum rounds of a half; shorter series are judged whole. */
const SHORTEST_HALF = 8
/** Minimum rounds after a break. */
const SHORTEST_PART = 6
/** Minimum total of a certain rise over the part, as a share of the level. */
const CERTAIN_SHARE = 0.01
/**
 * Minimum total of a rise that is likely in the part and established over more of the rounds, as a
 * share of the level.
 */
const LIKELY_SHARE = 0.02
const LIKELY = 0.1
const ESTABLISHED = 0.02

/**
 * Returns what memory does now: the trend of the last part watched, which is the second half, or
 * the rounds after the last break in it. It predicts nothing: a cache that fills rises now and
 * levels off later.
 *
 * @param trendFrom allows for teeth and restarts
 * @param breakPlace index of the last change of course, if one was found
 */
export function nowOf(
  trials: readonly RoundSeries[],
  matter: Matter,
  trendFrom: TrendFrom,
  breakPlace: number | undefined,
): Now {
  const rounds = Math.max(0, ...trials.map((trial) => trial.rounds.length))
  const half = rounds >= 2 * SHORTEST_HALF ? Math.floor(rounds / 2) : 0
  const isLate = breakPlace !== undefined && breakPlace > half && rounds - breakPlace >= SHORTEST_PART
  const place = isLate ? breakPlace : half
  const part = trendFrom(place)
  if (part === undefined) return { trend: 'unclear', bytesPerRound: null, low: null, high: null, from: null }
  const before = isLate ? undefined : trendFrom(Math.floor(rounds / 3))
  const from = median(trials.map((trial) => trial.rounds[Math.min(place, trial.rounds.length - 1)]!))
  return { trend: directionOf(part, before, matter), bytesPerRound: part.slope, low: part.low, high: part.high, from }
}

function directionOf(part: Trend, more: Trend | undefined, matter: Matter): Now['trend'] {
  const share = (part.slope * part.spanRounds) / matter.levelBytes
  const moves = (sign: 1 | -1) => {
    const doubt = (trend: Trend) => (sign === 1 ? trend.notAbove : trend.notBelow)
    if (doubt(part) < ALPHA && sign * share > CERTAIN_SHARE) return true
    const isLikely = more !== undefined && doubt(part) < LIKELY && doubt(more) < ESTABLISHED
    return isLikely && sign * share > LIKELY_SHARE
  }
  if (moves(1)) return 'rises'
  if (moves(-1)) return 'falls'
  return isTolerated(part, matter) ? 'level' : 'unclear'
}
