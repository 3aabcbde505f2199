import type { Trend } from './trend.js'

/** What is established about a slope. */
export type Growth = 'stable' | 'grows' | 'falls' | 'inconclusive'

/** What a slope is measured by. */
export interface Matter {
  /** Where memory is, which shares are taken of. */
  levelBytes: number
  /** A slope within plus and minus this is tolerated: its interval has to lie within for a level. */
  toleranceBytes: number
  /** The least slope that matters within the horizon. */
  mattersBytes: number
  /** How improbable the other sign has to be. */
  alpha: number
}

/** How improbable the other sign has to be by default: half a percent, because a leak that is none costs a day of searching. */
export const ALPHA = 0.004
/** What a slope that is certain has to have come to, as a share of the level, before a horizon is projected from it; */
const WATCHED_SHARE = 0.015
/** and from when on it matters by itself. */
const DRIFT_SHARE = 0.02

/**
 * `stable` where the whole interval lies within what is tolerated, and no growth is established that matters; `grows` and `falls` where
 * the sign is beyond doubt.
 *
 * @param isCurved the part is known to bend upwards, so that a line through it leaves what looks as if it wandered
 */
export function growthOf(trend: Trend | undefined, matter: Matter, isCurved = false): Growth {
  if (trend === undefined) return 'inconclusive'
  const certain = certainSign(trend, matter.alpha)
  if (isTolerated(trend, matter))
    return certain > 0 && mattersThough(trend, matter) && (isCurved || isLaw(trend)) ? 'grows' : 'stable'
  if (certain > 0) return isCurved || isLaw(trend) ? 'grows' : 'inconclusive'
  return certain < 0 ? 'falls' : 'inconclusive'
}

/** What a level may have moved by over all that was watched, as a share of it, however little that is a round. */
const MOVES = 0.1

/** Whether the whole interval lies within what is tolerated. */
export function isTolerated(
  { low, high, spanRounds }: Pick<Trend, 'low' | 'high' | 'spanRounds'>,
  { toleranceBytes, levelBytes }: Matter,
): boolean {
  const most = Math.max(-low, high)
  return most < toleranceBytes && most * spanRounds < Math.max(MOVES * levelBytes, toleranceBytes)
}

/** 1 and -1 where it is beyond doubt, else 0. */
function certainSign({ slopes, notAbove, notBelow, low, high }: Trend, alpha: number): -1 | 0 | 1 {
  const isDivided = slopes.length === 2 && Math.sign(slopes[0]!) !== Math.sign(slopes[1]!)
  if (isDivided) return 0
  if (notAbove < alpha && low > 0) return 1
  return notBelow < alpha && high < 0 ? -1 : 0
}

/** Noise that wanders: more than this, on average over what is possible. */
const WANDERS = 0.97
/** Of what a drift is estimated as, its interval has to leave so much. */
const LAW_SHARE = 0.8

/**
 * Where memory wanders about no line, in pieces that stay, a drift over some rounds is certain long before it is a law: the heap of an engine
 * that warms up drifts for a hundred rounds and more, and then is level. So the drift has to be known as well as a law would be by then.
 */
function isLaw({ correlation, slope, low }: Trend): boolean {
  return correlation < WANDERS || low > LAW_SHARE * slope
}

/** A small slope that is certain: by what it came to while it was watched, and by what it comes to within the horizon. */
function mattersThough({ slope, spanRounds }: Trend, { levelBytes, mattersBytes }: Matter): boolean {
  const watched = (slope * spanRounds) / levelBytes
  return watched > DRIFT_SHARE || (watched > WATCHED_SHARE && slope > mattersBytes)
}
