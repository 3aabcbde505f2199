import type { TimeToLevel } from './time-to-level.js'
import { NORMAL_95 } from './wander.js'

/**
 * Converts a forecast in rounds to one in ms. A peak falls anywhere in its round, and rounds take
 * different times: the variance of the sum of `n` more rounds after `m` known ones is `s^2 (n +
 * n^2/m)`, as for any prediction from a mean. Slow rounds come together, so `s^2` is that of sums
 * of neighbours, divided by their number, where that is more.
 *
 * @param lengthsMs how long the rounds took so far
 * @returns null where no length is known
 */
export function timeOfRounds({ estimate, low, high }: TimeToLevel, lengthsMs: readonly number[]): TimeToLevel | null {
  const known = lengthsMs.length
  const meanMs = lengthsMs.reduce((sum, length) => sum + length, 0) / known
  if (!(meanMs > 0)) return null
  const variance = Math.max(varianceOfSums(lengthsMs, 1), varianceOfSums(lengthsMs, Math.floor(known / 4)))
  const spreadMs = NORMAL_95 * Math.sqrt(variance * (estimate + estimate ** 2 / known))
  const estimateMs = estimate * meanMs
  const earlyMs = (estimate - Math.max(0, Math.ceil(low) - 1)) * meanMs
  return {
    estimate: estimateMs,
    low: Math.max(0, estimateMs - Math.hypot(earlyMs, spreadMs)),
    high: high === null ? null : estimateMs + Math.hypot((Math.ceil(high) - estimate) * meanMs, spreadMs),
  }
}

/** Returns the variance of sums of so many neighbours, divided by their number. */
function varianceOfSums(values: readonly number[], lag: number): number {
  const all = values.length
  if (lag < 1 || all <= lag) return 0
  const mean = values.reduce((sum, value) => sum + value, 0) / all
  const sums = Array.from({ length: all - lag + 1 }, (_, i) =>
    values.slice(i, i + lag).reduce((sum, value) => sum + value - mean, 0),
  )
  return sums.reduce((sum, value) => sum + value ** 2, 0) / sums.length / lag / (1 - lag / all)
}
