import type { RoundSeries } from '../series/round-series.js'
import { type Curve, columnsOf, ones, roundsFromStart, sideBySide } from './curve.js'

/**
 * Exponential approach to an asymptote, a - b exp(-t / tau): warm-up, with and without a leak below it. The time constant is
 * shared by all trials and searched on a grid; it costs one parameter.
 */
export function saturationCurves(trials: readonly RoundSeries[]): Curve[] {
  return saturationsOf(trials, timeConstants(longestOf(trials)))
}

/** Between the best time constant of the grid and its neighbours: where there is little noise, a leak would seem to mend what the grid misses. */
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

/** A warm-up that would take two jobs to its end; what bends less cannot be told from a line. */
const LONGEST = 2.5
/** A leak is seen below a warm-up only where that is over within the job; with a slower one the two together are any curve. */
const LONGEST_OVER_LINE = 0.5

function longestOf(trials: readonly RoundSeries[]): number {
  return Math.max(...trials.map(({ rounds }) => rounds.length))
}

/** From a jump after the first round to a curve that cannot be told from a line. */
function timeConstants(rounds: number): number[] {
  const constants: number[] = []
  for (let tau = 0.35; tau <= rounds * LONGEST; tau *= 1.4) constants.push(tau)
  return constants
}
