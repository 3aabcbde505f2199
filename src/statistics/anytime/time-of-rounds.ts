import type { TimeToLevel } from './time-to-level.js'

/** 95 % quantile of the normal distribution: 5 % lie beyond either end of a 90 % interval. */
const NORMAL_95 = 1.645

/**
 * Converts a forecast in rounds to one in ms. A peak falls anywhere in its round, and rounds take
 * different times: the variance of the sum of `n` more rounds after `m` known ones is `s^2 (n +
 * n^2/m)`, as for any prediction from a mean.
 *
 * @param lengthsMs how long the rounds took so far
 * @returns null where no length is known
 */
export function timeOfRounds({ estimate, low, high }: TimeToLevel, lengthsMs: readonly number[]): TimeToLevel | null {
  const known = lengthsMs.length
  const meanMs = lengthsMs.reduce((sum, length) => sum + length, 0) / known
  if (!(meanMs > 0)) return null
  const variance = lengthsMs.reduce((sum, length) => sum + (length - meanMs) ** 2, 0) / Math.max(1, known - 1)
  const spreadMs = NORMAL_95 * Math.sqrt(variance * (estimate + estimate ** 2 / known))
  const estimateMs = estimate * meanMs
  const earlyMs = (estimate - Math.max(0, Math.ceil(low) - 1)) * meanMs
  return {
    estimate: estimateMs,
    low: Math.max(0, estimateMs - Math.hypot(earlyMs, spreadMs)),
    high: high === null ? null : estimateMs + Math.hypot((Math.ceil(high) - estimate) * meanMs, spreadMs),
  }
}
