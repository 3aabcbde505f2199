import { studentTQuantile } from '../distributions/student-t.js'
import { mean } from '../mean.js'
import { sampleVariance } from '../sample-variance.js'
import { satterthwaite } from './welch.js'

/**
 * Returns the interval of mean(b) / mean(a) for independent samples with unequal variances: Fieller
 * (1954), J. R. Stat. Soc. B 16, 175–185, with the degrees of freedom of Tamhane and Logan (2004),
 * Comput. Stat. Data Anal. 45, 341–351, taken at the estimated ratio.
 *
 * The interval holds all ratios r for which mean(b) - r mean(a) does not differ from zero. They
 * form an interval only where mean(a) itself differs from zero.
 *
 * @returns undefined where they form none, or with fewer than two values on a side
 */
export function ratioOfMeans(
  a: readonly number[],
  b: readonly number[],
  level: number,
): { ratio: number; low: number; high: number } | undefined {
  if (a.length < 2 || b.length < 2) return undefined
  const [meanA, meanB] = [mean(a), mean(b)]
  const [varianceA, varianceB] = [sampleVariance(a) / a.length, sampleVariance(b) / b.length]
  const ratio = meanB / meanA
  const { degreesOfFreedom } = satterthwaite(ratio ** 2 * varianceA, a.length, varianceB, b.length)
  const t = studentTQuantile((1 + level) / 2, degreesOfFreedom)
  const quadratic = meanA ** 2 - t ** 2 * varianceA
  const half = meanA * meanB
  const constant = meanB ** 2 - t ** 2 * varianceB
  const discriminant = half ** 2 - quadratic * constant
  if (!(quadratic > 0) || discriminant < 0) return undefined
  const reach = Math.sqrt(discriminant)
  return { ratio, low: (half - reach) / quadratic, high: (half + reach) / quadratic }
}
