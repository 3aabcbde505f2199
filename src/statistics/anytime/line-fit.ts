import { type TComponent, tMixtureQuantile } from '../distributions/t-mixture.js'
import { CORRELATIONS, correlationPrior } from './correlation-prior.js'
import { WhitenedProducts } from './whitened-products.js'

/** A line through evenly spaced values, given one lag-1 correlation of the noise. */
export interface FittedLine extends TComponent {
  rho: number
  /** Standard deviation of the noise's innovations. */
  innovation: number
  /** Row at which the line's height is known best: to `1 / sqrt(centreWeight)` innovations. */
  centreRow: number
  centreValue: number
  centreWeight: number
  /** `innovation / slopeScale`. */
  slopeWeight: number
}

const FEWEST_VALUES = 6
/** Bisection steps for an end of the interval: a millionth of the bracket is left. */
const HALVINGS = 20

/**
 * Fits lines to evenly spaced values by generalised least squares, one for each lag-1 correlation.
 * Each is weighted by how well it explains the values: restricted likelihood (Harville 1974,
 * Biometrika 61, 383–385) times prior. The slope's `centre` and `scale` are in units a row.
 *
 * @returns empty with fewer than six values
 */
export function fitLine(values: readonly number[]): FittedLine[] {
  if (values.length < FEWEST_VALUES) return []
  const first = values[0]!
  const products = new WhitenedProducts([])
  for (const value of values) products.add(value - first)
  const freedom = values.length - 2
  const fits = CORRELATIONS.map((rho) => {
    const { sxx, sxy, syy, logDeterminant } = products.reduced(rho, null)
    const centre = products.centre(rho)
    const residual = Math.max(syy - sxy ** 2 / sxx, TINY)
    const innovation = Math.sqrt(residual / freedom)
    const logWeight =
      Math.log(correlationPrior(rho)) +
      0.5 * (Math.log(1 - rho * rho) - logDeterminant - Math.log(sxx) - freedom * Math.log(residual))
    return {
      rho,
      logWeight,
      innovation,
      centre: sxy / sxx,
      scale: innovation / Math.sqrt(sxx),
      degreesOfFreedom: freedom,
      centreRow: centre.row,
      centreValue: centre.value + first,
      centreWeight: centre.weight,
      slopeWeight: sxx,
    }
  })
  const highest = Math.max(...fits.map(({ logWeight }) => logWeight))
  const weights = fits.map(({ logWeight }) => Math.exp(logWeight - highest))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return fits.map(({ logWeight: _, ...fit }, i) => ({ ...fit, weight: weights[i]! / all })).filter(isLikely)
}

/** Returns the slope with its 95 % interval, in units a row. */
export function slopeOf(lines: readonly FittedLine[]): { estimate: number; low: number; high: number } {
  return {
    estimate: lines.reduce((sum, { weight, centre }) => sum + weight * centre, 0),
    low: tMixtureQuantile(lines, 0.025, HALVINGS),
    high: tMixtureQuantile(lines, 0.975, HALVINGS),
  }
}

/** Keeps logarithms finite where a series is a line without noise. */
const TINY = 1e-9

function isLikely({ weight }: FittedLine): boolean {
  return weight > 1e-6
}
