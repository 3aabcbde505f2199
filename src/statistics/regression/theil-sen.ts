import { median } from '../median.js'

/**
 * Theil–Sen slope: the median of the slopes between all pairs of points.
 *
 * Robust to single outliers. O(n²), meant for n up to 2000. It has no interval, because that would
 * assume independent noise, which memory does not have. Sen (1968), J. Am. Stat. Assoc. 63,
 * 1379–1389. Reference values: scipy `theilslopes`.
 *
 * @returns undefined with fewer than two distinct values of x
 */
export function theilSenSlope(x: readonly number[], y: readonly number[]): number | undefined {
  const slopes: number[] = []
  for (let i = 0; i < x.length; i++) {
    for (let j = i + 1; j < x.length; j++) {
      if (x[j] !== x[i]) slopes.push((y[j]! - y[i]!) / (x[j]! - x[i]!))
    }
  }
  return slopes.length === 0 ? undefined : median(slopes)
}
