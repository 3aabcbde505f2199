import { studentTTwoSided } from '../distributions/student-t.js'
import { mean } from '../mean.js'

export interface ShiftTest {
  before: number
  after: number
  /** Two-sided p-value. */
  pValue: number
}

/** Minimum number of independent values that a run of values counts as. */
const FEWEST_INDEPENDENT = 2.5
const HIGHEST_CORRELATION = 0.99

/**
 * Tests whether the level of a series shifts at a place: Student's t test of the parts before and
 * after it, for autocorrelated values. A positive lag-1 autocorrelation r of the residuals leaves n
 * (1 - r) / (1 + r) independent values (Bayley and Hammersley 1946, J. R. Stat. Soc. Suppl. 8,
 * 184–197; Zwiers and von Storch 1995, J. Climate 8, 336–351). Without this adjustment every slow
 * wave of a series would contain shifts.
 *
 * @param at index of the first value of the second part; both parts hold at least one value
 */
export function autocorrelatedT(values: readonly number[], start: number, at: number, end: number): ShiftTest {
  const [left, right] = [values.slice(start, at), values.slice(at, end)]
  const [before, after] = [mean(left), mean(right)]
  const residuals = [...left.map((value) => value - before), ...right.map((value) => value - after)]
  const count = residuals.length
  const squares = residuals.reduce((sum, value) => sum + value * value, 0)
  if (count <= 2) return { before, after, pValue: 1 }
  if (squares === 0) return { before, after, pValue: before === after ? 1 : 0 }
  const products = residuals.reduce(
    (sum, value, i) => (i === 0 || i === left.length ? sum : sum + value * residuals[i - 1]!),
    0,
  )
  const correlation = Math.min(HIGHEST_CORRELATION, Math.max(0, products / squares))
  const inflation = (1 + correlation) / (1 - correlation)
  const independent = Math.max(FEWEST_INDEPENDENT, count / inflation)
  const error = Math.sqrt((squares / (count - 2)) * inflation * (1 / left.length + 1 / right.length))
  return { before, after, pValue: studentTTwoSided((after - before) / error, Math.max(1, independent - 2)) }
}
