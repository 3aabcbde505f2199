import { studentTCdf } from './student-t.js'

/** A Student t distribution, shifted and scaled, with its weight in a mixture. */
export interface TComponent {
  weight: number
  centre: number
  scale: number
  degreesOfFreedom: number
}

/** Returns the probability that the mixture is at most x. The weights add up to 1. */
export function tMixtureCdf(components: readonly TComponent[], x: number): number {
  return components.reduce(
    (sum, { weight, centre, scale, degreesOfFreedom }) =>
      sum + weight * (scale > 0 ? studentTCdf((x - centre) / scale, degreesOfFreedom) : Number(x >= centre)),
    0,
  )
}

/**
 * Returns the x below which the mixture has this share, by bisection.
 *
 * @param halvings bisection steps; 50 are far below any width that matters, 20 are enough for
 *   display
 */
export function tMixtureQuantile(components: readonly TComponent[], share: number, halvings = 50): number {
  let reach = Math.max(...components.map(({ scale }) => scale), Number.MIN_VALUE)
  const centres = components.map(({ centre }) => centre)
  while (tMixtureCdf(components, Math.min(...centres) - reach) > share) reach *= 2
  let low = Math.min(...centres) - reach
  reach = Math.max(...components.map(({ scale }) => scale), Number.MIN_VALUE)
  while (tMixtureCdf(components, Math.max(...centres) + reach) < share) reach *= 2
  let high = Math.max(...centres) + reach
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2
    if (tMixtureCdf(components, middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}
