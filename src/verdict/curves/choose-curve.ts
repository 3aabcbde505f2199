import { median } from '../../statistics/median.js'
import { AutoregressiveRegression } from '../../statistics/regression/autoregressive-regression.js'
import type { RoundSeries } from '../series/round-series.js'
import { accelerationCurves, brokenLineCurves } from './broken-line.js'
import { type Curve, type Cycle, ones, roundsFromStart } from './curve.js'
import { type CurveFit, fitCurve } from './fit-curve.js'
import { constantCurve, lineCurve } from './flat-and-line.js'
import { nearbySaturations, saturationCurves } from './saturation.js'
import { completedRounds, placeInCycle, sawtoothCurves } from './sawtooth.js'
import { stepCurves } from './steps.js'

/** The best fit of each kind of curve; undefined where the series is too short for it. */
export interface CurveFits {
  constant: CurveFit
  line: CurveFit
  /** Warm-up to an asymptote, and warm-up to a line. */
  saturation: CurveFit | undefined
  saturationAndLine: CurveFit | undefined
  /** Ramp to a level, a level that turns into a line, and accelerating growth. */
  ramp: CurveFit | undefined
  onset: CurveFit | undefined
  acceleration: CurveFit | undefined
  steps: CurveFit | undefined
  sawtooth: CurveFit | undefined
}

/**
 * Fits every kind of curve. With a known cleanup period only that period is tried, in its own phase
 * and, at a price, in the others. Without one all periods are tried, at the price of the search.
 *
 * @param gcRounds rounds between cleanups; undefined: not known; 0: none runs; 1: one after each
 *   round. With 0 and 1 there is no cycle
 */
export function fitCurves(
  trials: readonly RoundSeries[],
  gcRounds: number | undefined,
  noiseFloorBytes: number,
): CurveFits | undefined {
  const values = trials.map(({ bytes }) => bytes)
  const fitted = (mean: Curve) => fitCurve(values, mean, noiseFloorBytes)
  const best = (means: readonly Curve[]) => lowest(means.map(fitted))
  const constant = fitted(constantCurve(trials))
  const line = fitted(lineCurve(trials))
  if (constant === undefined || line === undefined) return undefined
  const saturations = saturationCurves(trials)
  const { ramps, onsets } = brokenLineCurves(trials)
  const refined = (fit: CurveFit | undefined) =>
    fit && lowest([fit, ...nearbySaturations(trials, fit.mean).map(fitted)])
  return {
    constant,
    line,
    saturation: refined(best(saturations.filter(({ hasLine }) => !hasLine))),
    saturationAndLine: refined(best(saturations.filter(({ hasLine }) => hasLine))),
    ramp: best(likeliest(values, ramps)),
    onset: best(likeliest(values, onsets)),
    acceleration: best(accelerationCurves(trials)),
    steps: best(stepCurves(trials, withoutOutliers(values, constant))),
    sawtooth: lowest(
      cyclesToTry(trials, values, gcRounds)
        .flatMap(({ cycle, cost }) => sawtoothCurves(trials, cycle, cost))
        .map(fitted)
        .filter((fit) => fit !== undefined && toothOf(fit) > 0 && fallsAndComesBack(trials, fit)),
    ),
  }
}

/**
 * Returns how far the saw-tooth rises above its floor, in the median trial. Below zero it falls
 * between cleanups: the cleanup is elsewhere.
 */
export function toothOf(fit: CurveFit): number {
  return median(fit.coefficients.map((one) => one.at(-1)!))
}

/**
 * Tells whether memory falls at the cleanups and rises between them. The residuals of a line look
 * the same under stairs that rise at each cleanup, or fall there and are level in between.
 */
function fallsAndComesBack(trials: readonly RoundSeries[], fit: CurveFit): boolean {
  const { period } = fit.mean.cycle!
  const moves = trials.map(({ rounds, bytes }) => {
    const cleanups = rounds.flatMap((round, place) =>
      placeInCycle(completedRounds(rounds, round), fit.mean.cycle!) === 0 ? [place] : [],
    )
    const falls = cleanups.filter((place) => place > 0).map((place) => bytes[place]! - bytes[place - 1]!)
    const rises = cleanups
      .filter((place) => place + period - 1 < bytes.length)
      .map((place) => bytes[place + period - 1]! - bytes[place]!)
    return {
      fall: falls.length === 0 ? Number.NaN : median(falls),
      rise: rises.length === 0 ? Number.NaN : median(rises),
    }
  })
  return median(moves.map(({ fall }) => fall)) < 0 && median(moves.map(({ rise }) => rise)) > COMES_BACK * toothOf(fit)
}

/** Minimum rise between cleanups, as a share of the fitted height of a tooth. */
const COMES_BACK = 0.25

export function lowest(fits: readonly (CurveFit | undefined)[]): CurveFit | undefined {
  return fits.reduce<CurveFit | undefined>(
    (best, fit) => (fit !== undefined && fit.score < (best?.score ?? Number.POSITIVE_INFINITY) ? fit : best),
    undefined,
  )
}

/**
 * Replaces outliers of the constant fit by the median of their neighbours, so that they form no
 * level of their own.
 */
function withoutOutliers(values: readonly (readonly number[])[], { setAside }: CurveFit): number[][] {
  return values.map((one, trial) =>
    one.map((value, place) =>
      setAside[trial]!.includes(place) ? median([...one.slice(Math.max(0, place - 2), place + 3)]) : value,
    ),
  )
}

/** Minimum cycles in the series before an unnamed period is believed. */
const CYCLES_TO_FIND = 4
const LONGEST_PERIOD = 50
/**
 * Score by which a saw-tooth has to be better, in units of -2 log likelihood, in which each factor
 * of what was tried counts 2 log (Bonferroni): three ways of rising, against prior odds of e (2.7)
 * to 1. Chosen on labelled series: without it a level with `--gc-rounds 5` is called a saw-tooth in
 * 6 of 100 cases, with it in 2.
 */
const KNOWN_CYCLE_COST = 2 * Math.log(3) + 2
/** Cost of an unnamed cycle: the same odds once more. The number of cycles tried is added to it. */
const UNNAMED_CYCLE_COST = KNOWN_CYCLE_COST + 2
/** How many of the best looking candidates are fitted with care. */
const PROMISING = 3

function cyclesToTry(
  trials: readonly RoundSeries[],
  values: readonly (readonly number[])[],
  gcRounds: number | undefined,
): { cycle: Cycle; cost: number }[] {
  const shortest = Math.min(...trials.map(({ rounds }) => rounds.length))
  if (gcRounds === 0 || gcRounds === 1) return []
  if (gcRounds !== undefined && gcRounds > 1) {
    const cycle = { period: gcRounds, phase: 0 }
    if (shortest <= gcRounds) return []
    const shifted = phasesOf(gcRounds).slice(1)
    const cost = UNNAMED_CYCLE_COST + 2 * Math.log(gcRounds)
    return [
      { cycle, cost: KNOWN_CYCLE_COST },
      ...promising(trials, values, shifted, 1).map((other) => ({ cycle: other, cost })),
    ]
  }
  const longest = Math.min(LONGEST_PERIOD, Math.floor(shortest / CYCLES_TO_FIND))
  const all = Array.from({ length: Math.max(0, longest - 1) }, (_, i) => i + 2).flatMap(phasesOf)
  const cost = UNNAMED_CYCLE_COST + 2 * Math.log(all.length)
  return promising(trials, values, all, PROMISING).map((cycle) => ({ cycle, cost }))
}

function phasesOf(period: number): Cycle[] {
  return Array.from({ length: period }, (_, phase) => ({ period, phase }))
}

/**
 * Returns the cycles whose saw-tooth, rising evenly or at once, leaves the smallest residual: a
 * quick screen before the careful fit.
 */
function promising(
  trials: readonly RoundSeries[],
  values: readonly (readonly number[])[],
  cycles: readonly Cycle[],
  count: number,
): Cycle[] {
  const level = ones(trials)
  const line = roundsFromStart(trials)
  const left = cycles.map((cycle) => {
    const teeth = [(place: number) => place, (place: number) => Math.min(place, 1)].map((rise) => {
      const fits = trials.map(({ rounds }, trial) => {
        const tooth = rounds.map((round) => rise(placeInCycle(completedRounds(rounds, round), cycle)))
        return new AutoregressiveRegression([level[trial]!, line[trial]!, tooth], values[trial]!).fit(QUICK_CORRELATION)
      })
      const rises = fits.every((fit) => fit !== undefined && fit.coefficients[2]! > 0)
      return rises ? fits.reduce((sum, fit) => sum + fit!.residual, 0) : Number.POSITIVE_INFINITY
    })
    return { cycle, residual: Math.min(...teeth) }
  })
  return left
    .filter(({ residual }) => Number.isFinite(residual))
    .sort((a, b) => a.residual - b.residual)
    .slice(0, count)
    .map(({ cycle }) => cycle)
}

/** Returns the few curves with the smallest residual among many breaks. */
function likeliest(values: readonly (readonly number[])[], means: readonly Curve[]): Curve[] {
  const left = (mean: Curve) =>
    values.reduce((sum, y, trial) => {
      const regression = new AutoregressiveRegression(mean.columns[trial]!, y)
      return sum + (regression.residual(QUICK_CORRELATION) ?? Number.POSITIVE_INFINITY)
    }, 0)
  return means
    .map((mean) => ({ mean, residual: left(mean) }))
    .sort((a, b) => a.residual - b.residual)
    .slice(0, PROMISING)
    .map(({ mean }) => mean)
}

/**
 * Lag-1 correlation for the quick screen, in the middle of the 0 to 0.6 that servers show; the
 * careful fit estimates it.
 */
const QUICK_CORRELATION = 0.3
