import type { RoundSeries } from '../series/round-series.js'
import { type Curve, columnsOf, ones, roundsFromStart, sideBySide } from './curve.js'

/**
 * Builds exponential approaches to an asymptote, a - b exp(-t / tau): warm-up, with and without a
 * leak below it. All trials share the time constant, which is searched on a grid and costs one
 * parameter.
 */
export function saturationCurves(trials: readonly RoundSeries[]): Curve[] {
  return saturationsOf(trials, timeConstants(longestOf(trials)))
}

/**
 * Refines the best time constant of the grid towards its neighbours. Where there is little noise, a
 * leak would otherwise seem to correct the error of the grid.
 */
export function nearbySaturations(trials: readonly RoundSeries[], { tauRounds, hasLine }: Curve): Curve[] {
  const nearby = [0.77, 0.84, 0.92, 1.09, 1.19, 1.3].map((factor) => factor * tauRounds!)
  return saturationsOf(trials, nearby).filter((mean) => mean.hasLine === hasLine)
}

function saturationsOf(trials: readonly RoundSeries[], timeConstants: readonly number[]): Curve[] {
  const longest = longestOf(trials)
  const all = trials.reduce((sum, { rounds }) => sum + rounds.length, 0)
  return timeConstants.flatMap((tauRounds) => {
    const approach = columnsOf(trials, (t) => Math.exp(-t / tauRounds))
    const rest = { kind: 'saturation' as const, searchCost: Math.log(all), tauRounds }
    const toLevel = { ...rest, hasLine: false, columns: sideBySide(ones(trials), approach) }
    if (tauRounds > LONGEST_OVER_LINE * longest) return [toLevel]
    const columns = sideBySide(ones(trials), roundsFromStart(trials), approach)
    return [toLevel, { ...rest, hasLine: true, columns }]
  })
}

/** Longest time constant, as a multiple of the job; a warm-up that bends less looks like a line. */
const LONGEST = 2.5
/**
 * Longest time constant above a leak, as a multiple of the job. A leak is seen only where the
 * warm-up ends within the job; with a slower one the two together fit any curve.
 */
const LONGEST_OVER_LINE = 0.5

function longestOf(trials: readonly RoundSeries[]): number {
  return Math.max(...trials.map(({ rounds }) => rounds.length))
}

/** Returns time constants from a jump after the first round to a curve that looks like a line. */
function timeConstants(rounds: number): number[] {
  const constants: number[] = []
  for (let tau = 0.35; tau <= rounds * LONGEST; tau *= 1.4) constants.push(tau)
  return constants
}
