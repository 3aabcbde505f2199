import type { CurveFit } from '../curves/fit-curve.js'
import { type Known, STEP_ROUNDS } from '../shape/findings.js'

/**
 * Minimum distance of a spike, or of a low first round, from the rest: in standard deviations of
 * the noise, and as a share of the level.
 */
const FAR_SD = 12
export const FAR_SHARE = 0.2

export function hasSpike(fit: CurveFit, levelBytes: number): boolean {
  const least = Math.max(FAR_SD * fit.sdBytes, FAR_SHARE * levelBytes)
  return fit.setAside.some((places, trial) => places.some((place) => fit.residuals[trial]![place]! > least))
}

/**
 * Counts the rounds at the start that were set aside as outliers but are a warm-up: memory before
 * the first model has been through. A single such round has to lie as far below the rest as a spike
 * above it; for two in a row the size of a step is enough.
 *
 * @returns the longest run that half of the trials have
 */
export function lowAtFirst(fit: CurveFit, { levelBytes, rowToleranceBytes }: Known): number {
  const runs = fit.setAside.map((places, trial) => {
    const below = (place: number) => (places.includes(place) ? -fit.residuals[trial]![place]! : 0)
    const isLow = (place: number) => below(place) > Math.max(FAR_SD * fit.sdBytes, STEP_ROUNDS * rowToleranceBytes)
    let run = 0
    while (isLow(run)) run++
    return run > 1 || below(0) > FAR_SHARE * levelBytes ? run : 0
  })
  return [...runs].sort((a, b) => b - a)[Math.ceil(runs.length / 2) - 1]!
}

/** Maximum rounds before the only step that count as a climb and not as a level. */
const CLIMB_ROUNDS = 5
/**
 * Minimum distance of one of those rounds from their own mean, in standard deviations of the noise.
 */
const CLIMB_SD = 3

/**
 * Returns the index of the only step where it ends a climb of the first rounds in all trials; it is
 * then a warm-up and no step.
 */
export function climbsToItsOnlyStep({ mean, coefficients, residuals, sdBytes }: CurveFit): number | undefined {
  const places = mean.stepPlaces!.map((steps) => steps[0]!)
  const isClimb = places.every((place, trial) => {
    const isOnlyOne = mean.stepPlaces![trial]!.length === 1 && coefficients[trial]![1]! > 0
    const before = residuals[trial]!.slice(0, place)
    return isOnlyOne && place <= CLIMB_ROUNDS && Math.max(...before.map(Math.abs)) > CLIMB_SD * sdBytes
  })
  return isClimb ? Math.max(...places) : undefined
}
