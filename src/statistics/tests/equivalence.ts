import { studentTCdf } from '../distributions/student-t.js'
import { mean } from '../mean.js'
import { sampleVariance } from '../sample-variance.js'
import { satterthwaite } from './welch.js'

/**
 * Tests whether mean(b) lies within `margin` of mean(a) on either side: two one-sided tests
 * (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657–680) with Welch's variance. Reference
 * values: the larger p-value of scipy `ttest_ind(b + margin, a)` with alternative='greater' and
 * `ttest_ind(b - margin, a)` with alternative='less', both with equal_var=False.
 *
 * @returns the p-value of "they differ by the margin or more"; undefined for fewer than two values
 *   on a side
 */
export function equivalence(a: readonly number[], b: readonly number[], margin: number): number | undefined {
  if (a.length < 2 || b.length < 2) return undefined
  const difference = mean(b) - mean(a)
  const { variance, degreesOfFreedom } = satterthwaite(
    sampleVariance(a) / a.length,
    a.length,
    sampleVariance(b) / b.length,
    b.length,
  )
  if (variance === 0) return Math.abs(difference) < margin ? 0 : 1
  const error = Math.sqrt(variance)
  const below = studentTCdf(-(difference + margin) / error, degreesOfFreedom)
  const above = studentTCdf((difference - margin) / error, degreesOfFreedom)
  return Math.max(below, above)
}
