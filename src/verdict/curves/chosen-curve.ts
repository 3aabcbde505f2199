import { median } from '../../statistics/median.js'
import { CLEAR_GAIN, type Rationale, STEP_ROUNDS, STRONG_GAIN } from '../shape/findings.js'
import { type CurveFits, lowest, toothOf } from './choose-curve.js'
import type { CurveFit } from './fit-curve.js'

/** The same for a saw-tooth, which comes back: half of what a round may bring, or pages that come and go would be one. */
const TOOTH_ROUNDS = 0.5

/** Which idea of the mean explains the rounds best at its price, and what follows from it. */
export function chosenCurve(fits: CurveFits, rowToleranceBytes: number): { fit: CurveFit; because: Rationale } {
  const { constant, line, saturation, saturationAndLine, ramp, onset, acceleration, sawtooth, steps } = fits
  const plain = lowest([constant, line, saturation, saturationAndLine])!
  // A broken line is looked for in many places, and has to be strongly better than what is plainer.
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

/** A line and what is left of a fall at first is, where it never fell, growth that grows. */
function isConvex({ mean, coefficients }: CurveFit): boolean {
  if (mean.kind !== 'saturation' || !mean.hasLine) return false
  const lengths = mean.columns.map((columns) => columns[0]!.length)
  return coefficients.every(([, slope, approach], trial) => {
    const turnsAt = mean.tauRounds! * Math.log(approach! / (slope! * mean.tauRounds!))
    return slope! > 0 && approach! > 0 && turnsAt < EARLY * lengths[trial]!
  })
}

/** A share of the rounds. */
const EARLY = 1 / 3

const BECAUSE: Partial<Record<CurveFit['mean']['kind'], Rationale>> = {
  saturation: 'settled',
  ramp: 'ramp',
  onset: 'late onset',
  acceleration: 'accelerates',
}
