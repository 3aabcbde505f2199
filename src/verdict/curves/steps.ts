import { changePoints } from '../../statistics/regression/change-points.js'
import type { RoundSeries } from '../series/round-series.js'
import { type Curve, ones } from './curve.js'

/** Maximum level shifts that are searched in one trial. */
const MOST_STEPS = 8

/**
 * Builds level shifts, one more at a time, each trial at places of its own. A shift costs three
 * parameters: its size, its place, and one for the search (Zhang and Siegmund (2007), Biometrics
 * 63, 22–32, modified BIC).
 *
 * @param values of each trial, outliers replaced
 */
export function stepCurves(trials: readonly RoundSeries[], values: readonly (readonly number[])[]): Curve[] {
  const shortest = Math.min(...trials.map(({ rounds }) => rounds.length))
  const segmentations = values.map((one) =>
    changePoints(one, Math.min(MOST_STEPS, Math.floor(shortest / 5)), SHORTEST_LEVEL),
  )
  const most = Math.min(...segmentations.map((places) => places.length))
  return Array.from({ length: most }, (_, i) => {
    const stepPlaces = segmentations.map((places) => places[i]!)
    const base = ones(trials)
    return {
      kind: 'steps' as const,
      hasLine: false,
      columns: trials.map(({ rounds }, trial) => [
        base[trial]!,
        ...stepPlaces[trial]!.map((place) => rounds.map((_, t) => Number(t >= place))),
      ]),
      searchCost: stepPlaces.reduce(
        (sum, places, trial) => sum + 2 * places.length * Math.log(values[trial]!.length),
        0,
      ),
      stepPlaces,
    }
  })
}

/** Minimum rounds of a level; what is shorter is a spike. */
export const SHORTEST_LEVEL = 3
