import { AutoregressiveRegression } from '../../statistics/regression/autoregressive-regression.js'
import type { Curve } from './curve.js'

/** A mean held against the data. */
export interface CurveFit {
  mean: Curve
  /** -2 log likelihood plus the price of its freedom; the lower, the better. Differences count, not the value. */
  score: number
  /** -2 log likelihood alone. */
  likelihood: number
  /** Lag-1 correlation of the noise at the best fit. */
  correlation: number
  /** Standard deviation of the noise around the mean. */
  sdBytes: number
  /** One for each trial. */
  coefficients: number[][]
  /** Places of values set aside as outliers, one list a trial. */
  setAside: number[][]
  /** What is left of each value, outliers included. */
  residuals: number[][]
}

/** Lag-1 correlations that are tried; at the last one the noise is a random walk for all that a series can tell. */
const CORRELATIONS = [0, 0.2, 0.4, 0.6, 0.75, 0.87, 0.95, 0.9999]

/**
 * Fits one mean to all trials, noise of common variance and lag-1 correlation: maximum likelihood with the Bayesian information
 * criterion of Schwarz (1978), Ann. Stat. 6, 461–464. Single values far off are set aside, each at a price, so that an outlier is
 * neither a step nor a slope.
 *
 * @param noiseFloorBytes below this a difference is not noise but rounding
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
  // Two outliers can hide each other, so one step that does not pay is allowed on the way to one that does.
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

/** So many outliers may hide each other: a second one inflates the noise until the first looks ordinary. */
const HIDING = 2

/** One round in ten, at least two where there are ten; more would be another shape and no outliers. Of many trials as many as of three. */
function mostOutliers(values: readonly (readonly number[])[]): number {
  const rounds = Math.max(...values.map((one) => one.length))
  const each = rounds < 10 ? 1 : Math.min(6, Math.max(2, Math.floor(rounds / 10)))
  return each * Math.min(values.length, 3)
}

/** What one value set aside costs: its size (one log), and that the worst of all places was taken (2 log, by Bonferroni), with one log to spare. */
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
  // With few values a free parameter fits more noise than the criterion, made for many, allows for (Hurvich and Tsai (1989), Biometrika 76, 297–307).
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
 * What the lag-1 correlation adds to -2 log likelihood once the level, which every mean has, is integrated out (restricted likelihood,
 * Harville (1974), Biometrika 61, 383–385). With the level merely fitted, noise that wanders would count as unlikely however it looks.
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

/** Standard deviations of the innovations beyond which a value is tried as an outlier; low, since another one may inflate them. The price decides. */
const SUSPECT = 2.5

/** The outliers so far and the value that fits worst of the others, judged against its neighbours; undefined where none is far off. */
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
