import type { TimeToLevel } from './time-to-level.js'

/** 95 % quantile of the normal distribution: 5 % lie beyond either end of a 90 % interval. */
export const NORMAL_95 = 1.645

/**
 * Estimates the standard deviation of the steps of a random walk that lies under noise: the noise
 * adds the same to differences over a long lag as to those of neighbours, the walk adds more
 * (Harvey 1989, Forecasting, Structural Time Series Models, section 2.4: the local level).
 *
 * @returns 0 where long differences vary no more than short ones
 */
export function wanderOf(values: readonly number[]): number {
  const rows = values.length
  const lag = Math.max(2, Math.floor(rows / 4))
  if (rows < 2 * lag) return 0
  const slope = (values.at(-1)! - values[0]!) / (rows - 1)
  // About the line from end to end a walk is a bridge, which differs by less over a long lag.
  const variance = (over: number) =>
    values.slice(over).reduce((sum, value, i) => sum + (value - values[i]! - over * slope) ** 2, 0) /
    (rows - over) /
    (1 - over / rows)
  return Math.sqrt(Math.max(0, (variance(lag) - variance(1)) / (lag - 1)))
}

/**
 * Widens the interval of a forecast by the walk: after `n` more rows it is `s sqrt(n + n^2/m)` off,
 * with a slope that was estimated from `m` rows of it.
 */
export function withWander(
  { estimate, low, high }: TimeToLevel,
  { wander, slope, rows }: { wander: number; slope: number; rows: number },
): TimeToLevel {
  const off = (NORMAL_95 * wander * Math.sqrt(estimate + estimate ** 2 / rows)) / slope
  return {
    estimate,
    low: Math.max(0, estimate - Math.hypot(estimate - low, off)),
    high: high === null ? null : estimate + Math.hypot(high - estimate, off),
  }
}
