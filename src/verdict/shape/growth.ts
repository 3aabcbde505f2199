import type { Trend } from './trend.js'

/** The established direction of a slope. */
export type Growth = 'stable' | 'grows' | 'falls' | 'inconclusive'

/** The scales that a slope is judged by. */
export interface Matter {
  /** Current level of memory, which shares refer to. */
  levelBytes: number
  /** Tolerated slope, in either direction: for a level, the whole interval has to lie within it. */
  toleranceBytes: number
  /** Smallest slope that matters within the horizon. */
  mattersBytes: number
  /** Maximum probability of the opposite sign. */
  alpha: number
}

/**
 * Default maximum probability of the opposite sign. It is low because a false leak costs a day of
 * searching.
 */
export const ALPHA = 0.004
/**
 * Minimum total of a certain slope, as a share of the level, before a horizon is projected from it.
 */
const WATCHED_SHARE = 0.015
/** Total of a certain slope, as a share of the level, that matters without a projection. */
const DRIFT_SHARE = 0.02

/**
 * Classifies a slope. `stable`: the whole interval lies within the tolerance, and no growth that
 * matters is established; `grows` and `falls`: the sign is beyond doubt.
 *
 * @param isCurved the part is known to bend upwards, so that the residuals of a line through it
 *   look like noise that wanders
 */
export function growthOf(trend: Trend | undefined, matter: Matter, isCurved = false): Growth {
  if (trend === undefined) return 'inconclusive'
  const certain = certainSign(trend, matter.alpha)
  if (isTolerated(trend, matter))
    return certain > 0 && mattersThough(trend, matter) && (isCurved || isLaw(trend)) ? 'grows' : 'stable'
  if (certain > 0) return isCurved || isLaw(trend) ? 'grows' : 'inconclusive'
  return certain < 0 ? 'falls' : 'inconclusive'
}

/**
 * Maximum movement of a level over all rounds watched, as a share of it, however little that is a
 * round.
 */
const MOVES = 0.1

/** Tells whether the whole interval lies within the tolerance. */
export function isTolerated(
  { low, high, spanRounds }: Pick<Trend, 'low' | 'high' | 'spanRounds'>,
  { toleranceBytes, levelBytes }: Matter,
): boolean {
  const most = Math.max(-low, high)
  return most < toleranceBytes && most * spanRounds < Math.max(MOVES * levelBytes, toleranceBytes)
}

/** Returns 1 or -1 where the sign is beyond doubt, else 0. */
function certainSign({ slopes, notAbove, notBelow, low, high }: Trend, alpha: number): -1 | 0 | 1 {
  const isDivided = slopes.length === 2 && Math.sign(slopes[0]!) !== Math.sign(slopes[1]!)
  if (isDivided) return 0
  if (notAbove < alpha && low > 0) return 1
  return notBelow < alpha && high < 0 ? -1 : 0
}

/** Lag-1 correlation, averaged over the possible ones, above which noise counts as wandering. */
const WANDERS = 0.97
/** Minimum lower bound of a drift in wandering noise, as a share of its estimate. */
const LAW_SHARE = 0.8

/**
 * Tells whether a drift is a law. Where memory wanders in persistent pieces and follows no line, a
 * drift over some rounds is certain long before it is a law: the heap of an engine that warms up
 * drifts for a hundred rounds and more, and then is level. Such a drift therefore has to be known
 * as precisely as a law would be by then.
 */
function isLaw({ correlation, slope, low }: Trend): boolean {
  return correlation < WANDERS || low > LAW_SHARE * slope
}

/**
 * Tells whether a small but certain slope matters, by its total over the watched rounds and by its
 * projection over the horizon.
 */
function mattersThough({ slope, spanRounds }: Trend, { levelBytes, mattersBytes }: Matter): boolean {
  const watched = (slope * spanRounds) / levelBytes
  return watched > DRIFT_SHARE || (watched > WATCHED_SHARE && slope > mattersBytes)
}
