import { studentTQuantile, studentTTwoSided } from '../distributions/student-t.js'
import { mean } from '../mean.js'
import { sampleVariance } from '../sample-variance.js'

export interface WelchResult {
  /** Mean of b minus mean of a. */
  difference: number
  low: number
  high: number
  /** Two-sided p-value. */
  pValue: number
  /** Standard error of the difference. */
  standardError: number
  degreesOfFreedom: number
}

/**
 * Welch's t test and interval of a difference of two means, variances not pooled; degrees of
 * freedom by Satterthwaite. Welch (1947), Biometrika 34, 28–35. Reference values: scipy
 * `ttest_ind(equal_var=False)`.
 *
 * Assumes independent values and means that are nearly normal. Two samples without any spread give
 * an interval of zero width: all observations agree, which is not the same as certainty.
 *
 * @param level of the interval, for example 0.95
 * @returns undefined for fewer than two values on a side
 */
export function welch(a: readonly number[], b: readonly number[], level: number): WelchResult | undefined {
  if (a.length < 2 || b.length < 2) return undefined
  const difference = mean(b) - mean(a)
  const { variance, degreesOfFreedom } = satterthwaite(
    sampleVariance(a) / a.length,
    a.length,
    sampleVariance(b) / b.length,
    b.length,
  )
  if (variance === 0) {
    const pValue = difference === 0 ? 1 : 0
    return { difference, low: difference, high: difference, pValue, standardError: 0, degreesOfFreedom }
  }
  const error = Math.sqrt(variance)
  const reach = studentTQuantile((1 + level) / 2, degreesOfFreedom) * error
  return {
    difference,
    low: difference - reach,
    high: difference + reach,
    pValue: studentTTwoSided(difference / error, degreesOfFreedom),
    standardError: error,
    degreesOfFreedom,
  }
}

/**
 * Returns the variance and the degrees of freedom of a sum of two independent means, from the
 * variance of each.
 */
export function satterthwaite(
  varianceA: number,
  sizeA: number,
  varianceB: number,
  sizeB: number,
): { variance: number; degreesOfFreedom: number } {
  const variance = varianceA + varianceB
  if (variance === 0) return { variance, degreesOfFreedom: sizeA + sizeB - 2 }
  return { variance, degreesOfFreedom: variance ** 2 / (varianceA ** 2 / (sizeA - 1) + varianceB ** 2 / (sizeB - 1)) }
}
