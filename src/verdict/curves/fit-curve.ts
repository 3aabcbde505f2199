import { AutoregressiveRegression } from '../../statistics/regression/autoregressive-regression.js'
import type { Curve } from './curve.js'

/** A curve fitted to the data. */
export interface CurveFit {
  mean: Curve
  /**
   * -2 log likelihood plus the price of the curve's freedom; lower is better. Only differences have
   * a meaning.
   */
  score: number
  /** -2 log likelihood alone. */
  likelihood: number
  /** Lag-1 correlation of the noise at the best fit. */
  correlation: number
  /** Standard deviation of the noise around the curve. */
  sdBytes: number
  /** Coefficients of each trial. */
  coefficients: number[][]
  /** Indices of values set aside as outliers, one list a trial. */
  setAside: number[][]
  /** Residual of each value, outliers included. */
  residuals: number[][]
}

/**
 * Lag-1 correlations that are tried. At the last one a series cannot distinguish the noise from a
 * random walk.
 */
const CORRELATIONS = [0, 0.2, 0.4, 0.6, 0.75, 0.87, 0.95, 0.9999]

/**
 * Fits one curve to all trials, with noise of common variance and lag-1 correlation: maximum
 * likelihood with the Bayesian information criterion of Schwarz (1978), Ann. Stat. 6, 461–464.
 * Single outliers are set aside, each at a price, so that an outlier is neither a step nor a slope.
 *
 * @param noiseFloorBytes standard deviation below which a difference is rounding and not noise
 */
export function fitCurve(
  values: readonly (readonly number[])[],
  mean: Curve,
  noiseFloorBytes: number,
): CurveFit | undefined {
  let best = fitWithout(
    values,
    mean,
    values.map(() => []),
    noiseFloorBytes,
  )
  if (best === undefined) return undefined
  let current = best
  // Two outliers can hide each other, so one step that does not pay is allowed before one that
  // does.
  for (let unpaid = 0, taken = 0; unpaid < HIDING && taken < mostOutliers(values); taken++) {
    const setAside = withWorst(current)
    const next = setAside && fitWithout(values, mean, setAside, noiseFloorBytes)
    if (next === undefined) break
    unpaid = next.score < best.score ? 0 : unpaid + 1
    if (next.score < best.score) best = next
    current = next
  }
  return best
}

/**
 * How many outliers may hide each other: a second one inflates the noise until the first looks
 * ordinary.
 */
const HIDING = 2

/**
 * Returns the most outliers allowed: one round in ten, and at least two where there are ten. More
 * would be another shape. Several trials count as at most three.
 */
function mostOutliers(values: readonly (readonly number[])[]): number {
  const rounds = Math.max(...values.map((one) => one.length))
  const each = rounds < 10 ? 1 : Math.min(6, Math.max(2, Math.floor(rounds / 10)))
  return each * Math.min(values.length, 3)
}

/**
 * Returns the price of one value set aside: its size (one log), the choice of the worst of all
 * places (2 log, by Bonferroni), and one log to spare.
 */
function outlierPrice(rounds: number): number {
  return 4 * Math.log(rounds)
}

function fitWithout(
  values: readonly (readonly number[])[],
  mean: Curve,
  setAside: number[][],
  noiseFloorBytes: number,
): CurveFit | undefined {
  const regressions = values.map(
    (y, trial) => new AutoregressiveRegression([...mean.columns[trial]!, ...indicators(setAside[trial]!, y.length)], y),
  )
  const all = values.reduce((sum, y) => sum + y.length, 0)
  const floor = all * noiseFloorBytes ** 2
  let best = { likelihood: Number.POSITIVE_INFINITY, correlation: 0, residual: 0 }
  for (const correlation of CORRELATIONS) {
    let residual = floor * (1 - correlation ** 2)
    for (const regression of regressions) residual += regression.residual(correlation) ?? Number.NaN
    const likelihood = all * Math.log(residual / all) + sum(values.map((y) => levelTerm(correlation, y.length)))
    if (likelihood < best.likelihood) best = { likelihood, correlation, residual }
  }
  const { likelihood, correlation, residual } = best
  const fits = regressions.map((regression) => regression.fit(correlation))
  if (!Number.isFinite(likelihood) || !fits.every((fit) => fit !== undefined)) return undefined
  const free = sum(values.map((_, trial) => mean.columns[trial]!.length + setAside[trial]!.length))
  // With few values a free parameter fits more noise than the criterion, made for many, allows for
  // (Hurvich and Tsai (1989), Biometrika 76, 297–307).
  const fewness = all / Math.max(1, all - free - 2)
  const price = sum(
    values.map(
      (y, trial) => mean.columns[trial]!.length * Math.log(y.length) + setAside[trial]!.length * outlierPrice(y.length),
    ),
  )
  return {
    mean,
    score: likelihood + (price + mean.searchCost) * fewness,
    likelihood,
    correlation,
    sdBytes: Math.sqrt(residual / all / (1 - correlation ** 2)),
    coefficients: fits.map((fit, trial) => fit.coefficients.slice(0, mean.columns[trial]!.length)),
    setAside,
    residuals: values.map((y, trial) => residualsOf(y, mean.columns[trial]!, fits[trial]!.coefficients)),
  }
}

/**
 * Returns what the lag-1 correlation adds to -2 log likelihood once the level, which every curve
 * has, is integrated out (restricted likelihood, Harville (1974), Biometrika 61, 383–385). With the
 * level merely fitted, noise that wanders would count as unlikely however it looks.
 */
function levelTerm(correlation: number, rounds: number): number {
  const first = 1 - correlation ** 2
  return Math.log((first + (rounds - 1) * (1 - correlation) ** 2) / first)
}

function sum(values: readonly number[]): number {
  return values.reduce((so, value) => so + value, 0)
}

function indicators(places: readonly number[], length: number): number[][] {
  return places.map((place) => Array.from({ length }, (_, t) => Number(t === place)))
}

/**
 * Standard deviations of the innovations beyond which a value is tried as an outlier. It is low
 * because another outlier may inflate them; the price decides.
 */
const SUSPECT = 2.5

/**
 * Adds to the outliers the value that fits worst of the others, judged against its neighbours.
 * Returns undefined where none is far off.
 */
function withWorst({ residuals, setAside, correlation: rho, sdBytes }: CurveFit): number[][] | undefined {
  let worst = { trial: 0, place: 0, size: -1 }
  for (const [trial, left] of residuals.entries()) {
    const of = (t: number) => (setAside[trial]!.includes(t) ? 0 : (left[t] ?? 0))
    for (let place = 0; place < left.length; place++) {
      if (setAside[trial]!.includes(place)) continue
      const inner = place > 0 && place < left.length - 1
      const expected = inner
        ? (rho * (of(place - 1) + of(place + 1))) / (1 + rho * rho)
        : rho * (of(place - 1) + of(place + 1))
      const size = Math.abs(left[place]! - expected) * (inner ? Math.sqrt(1 + rho * rho) : 1)
      if (size > worst.size) worst = { trial, place, size }
    }
  }
  if (worst.size < SUSPECT * sdBytes * Math.sqrt(1 - rho * rho)) return undefined
  return setAside.map((places, trial) => (trial === worst.trial ? [...places, worst.place] : places))
}

function residualsOf(
  y: readonly number[],
  columns: readonly (readonly number[])[],
  coefficients: readonly number[],
): number[] {
  const left = [...y]
  for (const [c, column] of columns.entries()) {
    for (let t = 0; t < left.length; t++) left[t]! -= column[t]! * coefficients[c]!
  }
  return left
}
