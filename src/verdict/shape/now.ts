import { median } from '../../statistics/median.js'
import type { RoundSeries } from '../series/round-series.js'
import type { Now } from './analysis.js'
import { ALPHA, isTolerated, type Matter } from './growth.js'
import type { Trend } from './trend.js'

/** The trend of the part from a place on; undefined where too few rounds are left. */
export type TrendFrom = (place: number) => Trend | undefined

/** So many rounds are a half worth looking at, */
const SHORTEST_HALF = 8
/** and so many the part after a break. */
const SHORTEST_PART = 6
/** What a certain rise has to have come to over the part, as a share of the level, */
const CERTAIN_SHARE = 0.01
/** and one that is likely in the part and established over more of the rounds. */
const LIKELY_SHARE = 0.02
const LIKELY = 0.1
const ESTABLISHED = 0.02

/**
 * What the memory does now: the trend of the last part watched. That is the second half, or what follows the last break in it. It says
 * nothing of for ever: a cache that fills rises now and levels off later.
 *
 * @param trendFrom allows for teeth and restarts
 * @param breakPlace where the last change of course was, if one was found
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
