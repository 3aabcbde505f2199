import { mean } from '../../statistics/mean.js'
import type { CurveFit } from '../curves/fit-curve.js'
import { completedRounds, placeInCycle } from '../curves/sawtooth.js'
import type { RoundSeries } from '../series/round-series.js'
import type { Known } from './findings.js'
import { ALPHA, type Growth, growthOf } from './growth.js'
import { type Trend, type TrendInput, trendOf } from './trend.js'

/**
 * Judges the floor of a saw-tooth. The first cycles of a program that warms up lie lower than the
 * rest: where the second half rises at less than half the rate of the whole, it alone is judged.
 */
export function floorAfterWarmUp(
  known: Known,
  trendFrom: (place: number) => Trend | undefined,
): { trend: Trend | undefined; growth: Growth } {
  const whole = trendFrom(0)
  const growth = growthOf(whole, known)
  const half = trendFrom(Math.floor(Math.max(...known.trials.map(({ rounds }) => rounds.length)) / 2))
  if (growth !== 'grows' || half === undefined || half.slope >= whole!.slope / 2) return { trend: whole, growth }
  return { trend: half, growth: growthOf(half, known) }
}

/**
 * Returns the cleanup rounds alone. Memory may scatter far less after a cleanup than between two,
 * because garbage comes and goes. The cleanup rounds then determine the slope of the floor better,
 * although they are few, and growing teeth do not pass for a growing floor.
 */
export function floorsOf(trials: readonly RoundSeries[], { mean, setAside }: CurveFit, from: number): TrendInput[] {
  return trials.map(({ rounds, bytes }, trial) => {
    const isFloor = (round: number, place: number) =>
      place >= from &&
      !setAside[trial]!.includes(place) &&
      placeInCycle(completedRounds(rounds, round), mean.cycle!) === 0
    const places = rounds.flatMap((round, place) => (isFloor(round, place) ? [place] : []))
    return { rounds: places.map((place) => rounds[place]!), bytes: places.map((place) => bytes[place]!), others: [] }
  })
}

/**
 * Rounds needed to judge cleanup rounds alone, by a line through them. Three leave one degree of
 * freedom, with an interval to match.
 */
const FEWEST_CLEANUPS = 3

/** Returns the slope of the cleanup rounds alone; undefined where there are too few. */
export function cleanupsTrend(cleanups: readonly TrendInput[], noiseFloorBytes: number): Trend | undefined {
  return trendOf(cleanups, noiseFloorBytes, FEWEST_CLEANUPS)
}

/**
 * Returns the slope of the floor: that of the whole fit or that of the cleanup rounds alone,
 * whichever is known better. The fit has teeth of one height; where their height changes in a way
 * that `growingTeeth` does not show, its line follows the teeth and not what they fall back to. So
 * the cleanup rounds are right where the two contradict each other, and a slope that the few there
 * are do not show is not reported.
 */
export function floorTrend(
  whole: Trend | undefined,
  alone: Trend | undefined,
  cleanups: readonly TrendInput[],
): Trend | undefined {
  if (whole === undefined) return alone
  if (alone !== undefined) return areApart(whole, alone) ? alone : narrower(whole, alone)
  const isDirected = whole.low > 0 || whole.high < 0
  const seen = cleanups.flatMap(({ rounds, bytes }) =>
    rounds.length < 2 ? [] : [(bytes.at(-1)! - bytes[0]!) / (rounds.at(-1)! - rounds[0]!)],
  )
  const isShown = seen.length === 0 || mean(seen) / whole.slope > SHOWN_SHARE
  return isDirected && !isShown ? undefined : whole
}

/** Minimum slope from the first cleanup to the last that shows a slope, as a share of it. */
const SHOWN_SHARE = 0.5

function areApart(one: Trend, other: Trend): boolean {
  return one.low > other.high || other.low > one.high
}

function narrower(one: Trend, other: Trend): Trend {
  return other.high - other.low < one.high - one.low ? other : one
}

/** Minimum growth of teeth that is reported, as a share of their height. */
const TEETH_SHARE = 0.1

/**
 * Returns how the teeth grow above their floor, each measured from its cleanup to its top;
 * undefined where no growth was shown.
 */
export function growingTeeth(
  trials: readonly RoundSeries[],
  { mean, coefficients }: CurveFit,
  noiseFloorBytes: number,
): Trend | undefined {
  const heights = trials.map(({ rounds, bytes }) => {
    const cleanups = rounds.flatMap((round, place) =>
      placeInCycle(completedRounds(rounds, round), mean.cycle!) === 0 ? [place] : [],
    )
    const whole = cleanups.filter((place) => place + mean.cycle!.period <= bytes.length)
    return {
      rounds: whole.map((place) => rounds[place]!),
      bytes: whole.map((place) => Math.max(...bytes.slice(place, place + mean.cycle!.period)) - bytes[place]!),
      others: [],
    }
  })
  const trend = trendOf(heights, noiseFloorBytes)
  const height = Math.max(...coefficients.map((one) => one.at(-1)!))
  const isGrowing = trend !== undefined && trend.notAbove < ALPHA && trend.low > 0
  return isGrowing && trend.slope * trend.spanRounds > TEETH_SHARE * height ? trend : undefined
}
