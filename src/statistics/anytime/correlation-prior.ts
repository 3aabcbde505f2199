/** Lag-1 correlation that stands for a random walk. */
export const WALK = 0.9999
const STATIONARY = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.86, 0.91, 0.95, 0.98]

/** Lag-1 correlations of the noise that are considered, from independence to a random walk. */
export const CORRELATIONS: readonly number[] = [...STATIONARY, WALK]

/**
 * Prior weight of a random walk. The rest lies on lag-1 correlations from 0 to 1 with density 3 (1
 * - rho)², so high ones are less likely. Chosen on labelled series: at 0.05 one walk in 20 is
 *   called growth, at 0.25 one trial in six cannot decide where the data suffice.
 */
const WALK_WEIGHT = 0.1

/**
 * Returns the prior weight of one of {@link CORRELATIONS}: the share of the line from 0 to 1 that
 * lies nearest to it. A random walk has its own weight.
 */
export function correlationPrior(rho: number): number {
  if (rho === WALK) return WALK_WEIGHT
  const i = STATIONARY.indexOf(rho)
  const from = i === 0 ? 0 : (STATIONARY[i - 1]! + rho) / 2
  const to = i === STATIONARY.length - 1 ? 1 : (STATIONARY[i + 1]! + rho) / 2
  return (1 - WALK_WEIGHT) * ((1 - from) ** 3 - (1 - to) ** 3)
}
