import { CORRELATIONS, correlationPrior } from '../../statistics/anytime/correlation-prior.js'
import { studentTQuantile } from '../../statistics/distributions/student-t.js'
import { type TComponent, tMixtureCdf, tMixtureQuantile } from '../../statistics/distributions/t-mixture.js'
import { mean } from '../../statistics/mean.js'
import { AutoregressiveRegression } from '../../statistics/regression/autoregressive-regression.js'
import type { LeastSquares } from '../../statistics/regression/normal-equations.js'
import { sampleVariance } from '../../statistics/sample-variance.js'

/** The slope of a series and its uncertainty. */
export interface Trend {
  /** Slope in bytes a round. */
  slope: number
  /** 95 % interval. */
  low: number
  high: number
  /**
   * Probability, given the data, that the slope is zero or below; then that it is zero or above.
   */
  notAbove: number
  notBelow: number
  /** One slope a trial. */
  slopes: number[]
  /** Value of the line in the last round, averaged over the trials; apart from teeth and steps. */
  endBytes: number
  /** Rounds from the first to the last one used, averaged over the trials. */
  spanRounds: number
  /**
   * Lag-1 correlation of the noise and standard deviation of its innovations, both averaged over
   * the possible correlations.
   */
  correlation: number
  innovationBytes: number
}

/** Part of a trial whose slope is wanted. */
export interface TrendInput {
  /** Round numbers. */
  rounds: readonly number[]
  bytes: readonly number[]
  /** Columns to fit in addition to level and slope: saw-teeth, outliers. */
  others: number[][]
}

/** Rounds for a line: two to fit it and two to tell how far they scatter about it. */
const FOR_A_LINE = 4

/**
 * Estimates the mean slope of the trials, with an interval that allows for correlated noise and for
 * not knowing its correlation.
 *
 * For each lag-1 correlation, generalised least squares give the slope a Student t distribution.
 * The correlations, including the random walk, are weighted by how well they explain the data (the
 * restricted likelihood of Harville (1974), Biometrika 61, 383–385, times the prior). A series
 * whose noise looks independent therefore has the narrow interval of a line through independent
 * points, and one that wanders has the wide one of a random walk with drift. From three trials on
 * the interval is never narrower than the one from the spread of the trials' own slopes.
 *
 * @param noiseFloorBytes standard deviation of rounding, which is not noise
 * @param fewestRounds rounds that a trial needs beside one for each of the other columns
 * @returns undefined where no trial has them
 */
export function trendOf(
  inputs: readonly TrendInput[],
  noiseFloorBytes: number,
  fewestRounds = FOR_A_LINE,
): Trend | undefined {
  const usable = inputs.filter(({ rounds, others }) => rounds.length >= others.length + fewestRounds)
  if (usable.length === 0) return undefined
  const regressions = usable.map(regressionOf)
  const toEnd = usable.map(({ rounds }) => rounds.at(-1)! - mean(rounds))
  const possible = CORRELATIONS.flatMap((rho) => {
    const fits = regressions.map((regression) => regression.fit(rho))
    return fits.every((fit) => fit !== undefined)
      ? [givenCorrelation(rho, regressions, fits, noiseFloorBytes, toEnd)]
      : []
  })
  if (possible.length === 0) return undefined
  const weighted = withWeights(possible)
  const slopes = usable.map((_, trial) =>
    weighted.reduce((sum, { weight, slopes }) => sum + weight * slopes[trial]!, 0),
  )
  const within = spreadOfMixture(weighted)
  const expectedVariance = weighted.reduce((sum, { weight, scale }) => sum + weight * scale ** 2, 0) * usable.length
  const between = spreadOfTrials(slopes, expectedVariance)
  return {
    slope: weighted.reduce((sum, { weight, centre }) => sum + weight * centre, 0),
    low: Math.min(within.low, between.low),
    high: Math.max(within.high, between.high),
    notAbove: within.notAbove,
    notBelow: within.notBelow,
    slopes,
    endBytes: weighted.reduce((sum, { weight, endBytes }) => sum + weight * endBytes, 0),
    spanRounds: mean(usable.map(({ rounds }) => rounds.at(-1)! - rounds[0]!)),
    correlation: weighted.reduce((sum, { weight, rho }) => sum + weight * rho, 0),
    innovationBytes: weighted.reduce((sum, { weight, innovation }) => sum + weight * innovation, 0),
  }
}

function regressionOf({ rounds, bytes, others }: TrendInput): AutoregressiveRegression {
  const middle = mean(rounds)
  const columns = [rounds.map(() => 1), rounds.map((round) => round - middle), ...others]
  return new AutoregressiveRegression(columns, bytes)
}

interface GivenCorrelation extends TComponent {
  rho: number
  logWeight: number
  innovation: number
  slopes: number[]
  endBytes: number
}

function givenCorrelation(
  rho: number,
  regressions: readonly AutoregressiveRegression[],
  fits: readonly LeastSquares[],
  noiseFloorBytes: number,
  toEnd: readonly number[],
): GivenCorrelation {
  const degreesOfFreedom = regressions.reduce((sum, { rounds, columns }) => sum + rounds - columns, 0)
  const residual =
    fits.reduce((sum, fit) => sum + fit.residual, 0) + degreesOfFreedom * noiseFloorBytes ** 2 * (1 - rho ** 2)
  const innovation = Math.sqrt(residual / degreesOfFreedom)
  const slopes = fits.map(({ coefficients }) => coefficients[1]!)
  const determinants = fits.reduce((sum, { logDeterminant }) => sum + logDeterminant, 0)
  return {
    rho,
    weight: 0,
    logWeight:
      Math.log(correlationPrior(rho)) +
      (fits.length * Math.log(1 - rho ** 2) - determinants - degreesOfFreedom * Math.log(residual)) / 2,
    centre: mean(slopes),
    scale: (innovation * Math.sqrt(fits.reduce((sum, { variances }) => sum + variances[1]!, 0))) / fits.length,
    degreesOfFreedom,
    innovation,
    slopes,
    endBytes: mean(fits.map(({ coefficients }, trial) => coefficients[0]! + slopes[trial]! * toEnd[trial]!)),
  }
}

function withWeights(possible: readonly GivenCorrelation[]): GivenCorrelation[] {
  const highest = Math.max(...possible.map(({ logWeight }) => logWeight))
  const weights = possible.map(({ logWeight }) => Math.exp(logWeight - highest))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return possible.map((one, i) => ({ ...one, weight: weights[i]! / all })).filter(({ weight }) => weight > 1e-7)
}

function spreadOfMixture(components: readonly TComponent[]): {
  low: number
  high: number
  notAbove: number
  notBelow: number
} {
  const notAbove = tMixtureCdf(components, 0)
  return {
    low: tMixtureQuantile(components, 0.025),
    high: tMixtureQuantile(components, 0.975),
    notAbove,
    notBelow: 1 - notAbove,
  }
}

/** Weight, in trials, of the noise within the trials in the variance of their slopes. */
const TRIALS_WORTH = 8

/**
 * Returns Student's interval of the mean of the trials' slopes. Their variance is moderated by the
 * variance that the noise within the trials predicts: Smyth (2004), Stat. Appl. Genet. Mol. Biol.
 * 3, article 3. With few trials their own spread says little.
 */
function spreadOfTrials(slopes: readonly number[], expectedVariance: number): { low: number; high: number } {
  const own = slopes.length - 1
  if (own === 0) return { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY }
  const variance = (TRIALS_WORTH * expectedVariance + own * sampleVariance(slopes)) / (TRIALS_WORTH + own)
  const reach = studentTQuantile(0.975, TRIALS_WORTH + own) * Math.sqrt(variance / slopes.length)
  return { low: mean(slopes) - reach, high: mean(slopes) + reach }
}
