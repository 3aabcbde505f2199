import type { Trend } from './trend.js'

/** What is established about a slope. */
export type Growth = 'stable' | 'grows' | 'falls' | 'inconclusive'

/** How improbable the other sign has to be: half a percent, because a leak that is none costs a day of searching. */
const ALPHA = 0.004

/** `stable` where the whole interval lies within the practical floor; `grows` and `falls` where the sign is beyond doubt. */
export function growthOf(trend: Trend | undefined, practicalFloorBytes: number): Growth {
  if (trend === undefined) return 'inconclusive'
  if (trend.low > -practicalFloorBytes && trend.high < practicalFloorBytes) return 'stable'
  const isDivided = trend.slopes.length === 2 && Math.sign(trend.slopes[0]!) !== Math.sign(trend.slopes[1]!)
  if (isDivided) return 'inconclusive'
  if (trend.notAbove < ALPHA && trend.low > 0) return 'grows'
  if (trend.notBelow < ALPHA && trend.high < 0) return 'falls'
  return 'inconclusive'
}
