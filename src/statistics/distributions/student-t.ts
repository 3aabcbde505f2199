import { incompleteBeta } from './incomplete-beta.js'

/**
 * Returns the probability that a t variable with these degrees of freedom (any real above zero) is
 * at most t.
 */
export function studentTCdf(t: number, degreesOfFreedom: number): number {
  const tail = 0.5 * incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5)
  return t > 0 ? 1 - tail : tail
}

/** Returns the probability of a value at least as far from zero as t. */
export function studentTTwoSided(t: number, degreesOfFreedom: number): number {
  return incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5)
}

/**
 * Returns the t that is exceeded with probability 1 - share, by bisection of the distribution
 * function.
 */
export function studentTQuantile(share: number, degreesOfFreedom: number): number {
  if (share === 0.5) return 0
  if (share < 0.5) return -studentTQuantile(1 - share, degreesOfFreedom)
  let high = 1
  while (studentTCdf(high, degreesOfFreedom) < share) high *= 2
  let low = 0
  // 60 halvings bring any bracket below the resolution of a double.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (studentTCdf(middle, degreesOfFreedom) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}
