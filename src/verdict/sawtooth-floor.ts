import type { MeanFit } from './fit-mean.js'
import { type Growth, growthOf } from './growth.js'
import { completedRounds, placeInCycle } from './means/sawtooth.js'
import type { RoundSeries } from './round-series.js'
import type { Trend, TrendInput } from './trend.js'

/**
 * The floor of a saw-tooth. The first cycles of a program that warms up lie lower than the rest: where the second half rises at
 * less than half the rate of the whole, it alone is judged.
 */
export function floorAfterWarmUp(
  { trials, practicalFloorBytes }: { trials: readonly RoundSeries[]; practicalFloorBytes: number },
  trendFrom: (place: number) => Trend | undefined,
): { trend: Trend | undefined; growth: Growth } {
  const whole = trendFrom(0)
  const growth = growthOf(whole, practicalFloorBytes)
  const half = trendFrom(Math.floor(Math.max(...trials.map(({ rounds }) => rounds.length)) / 2))
  if (growth !== 'grows' || half === undefined || half.slope >= whole!.slope / 2) return { trend: whole, growth }
  return { trend: half, growth: growthOf(half, practicalFloorBytes) }
}

/**
 * The cleanup rounds alone. After a cleanup memory may scatter far less than between two, as garbage comes and goes; then they know
 * the slope of the floor better, although they are few, and teeth that rise do not pass for a floor that does.
 */
export function floorsOf(trials: readonly RoundSeries[], { mean, setAside }: MeanFit, from: number): TrendInput[] {
  return trials.map(({ rounds, bytes }, trial) => {
    const isFloor = (round: number, place: number) =>
      place >= from &&
      !setAside[trial]!.includes(place) &&
      placeInCycle(completedRounds(rounds, round), mean.cycle!) === 0
    const places = rounds.flatMap((round, place) => (isFloor(round, place) ? [place] : []))
    return { rounds: places.map((place) => rounds[place]!), bytes: places.map((place) => bytes[place]!), others: [] }
  })
}

export function narrower(one: Trend | undefined, other: Trend | undefined): Trend | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.high - other.low < one.high - one.low ? other : one
}
