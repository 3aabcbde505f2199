import { median } from '../../statistics/median.js'
import { CLEAR_GAIN, type Rationale, STEP_ROUNDS, STRONG_GAIN } from '../shape/findings.js'
import { type CurveFits, lowest, toothOf } from './choose-curve.js'
import type { CurveFit } from './fit-curve.js'

/**
 * Minimum height of a tooth, in rounds at the tolerance: half of one. It is lower than for a step
 * because a tooth repeats, and above zero so that pages that come and go are no tooth.
 */
const TOOTH_ROUNDS = 0.5

/** Returns the curve that explains the rounds best at its price, and the rationale. */
export function chosenCurve(fits: CurveFits, rowToleranceBytes: number): { fit: CurveFit; because: Rationale } {
  const { constant, line, saturation, saturationAndLine, ramp, onset, acceleration, sawtooth, steps } = fits
  const plain = lowest([constant, line, saturation, saturationAndLine])!
  // A broken line is searched among many breaks, so it has to be strongly better than the plainer
  // curves.
  const broken = lowest([ramp, onset, acceleration])
  const smooth = broken !== undefined && broken.score < plain.score - STRONG_GAIN ? broken : plain
  const isBroken = smooth !== plain
  const others = Math.min(smooth.score, steps?.score ?? Number.POSITIVE_INFINITY)
  if (sawtooth !== undefined && sawtooth.score < others && toothOf(sawtooth) > TOOTH_ROUNDS * rowToleranceBytes)
    return { fit: sawtooth, because: 'cycles' }
  if (steps !== undefined && steps.score < smooth.score - (isBroken ? 0 : CLEAR_GAIN)) {
    const sizes = steps.coefficients.map((one) => Math.max(0, ...one.slice(1).map(Math.abs)))
    if (median(sizes) > STEP_ROUNDS * rowToleranceBytes) return { fit: steps, because: 'steps' }
  }
  return {
    fit: smooth,
    because:
      isConvex(smooth) && smooth.score < line.score - STRONG_GAIN
        ? 'accelerates'
        : (BECAUSE[smooth.mean.kind] ?? 'slope'),
  }
}

/**
 * Recognizes a line with a decaying fall at its start as accelerating growth, where it never fell.
 */
function isConvex({ mean, coefficients }: CurveFit): boolean {
  if (mean.kind !== 'saturation' || !mean.hasLine) return false
  const lengths = mean.columns.map((columns) => columns[0]!.length)
  return coefficients.every(([, slope, approach], trial) => {
    const turnsAt = mean.tauRounds! * Math.log(approach! / (slope! * mean.tauRounds!))
    return slope! > 0 && approach! > 0 && turnsAt < EARLY * lengths[trial]!
  })
}

/** Share of the rounds within which the fitted curve has to turn. */
const EARLY = 1 / 3

const BECAUSE: Partial<Record<CurveFit['mean']['kind'], Rationale>> = {
  saturation: 'settled',
  ramp: 'ramp',
  onset: 'late onset',
  acceleration: 'accelerates',
}
