import type { RoundSeries } from '../round-series.js'
import { columnsOf, type Mean, ones, roundsFromStart, sideBySide } from './mean.js'

/**
 * Exponential approach to an asymptote, a - b exp(-t / tau): warm-up, with and without a leak below it. The time constant is
 * shared by all trials and searched on a grid; it costs one parameter.
 */
export function saturationMeans(trials: readonly RoundSeries[]): Mean[] {
  const longest = Math.max(...trials.map(({ rounds }) => rounds.length))
  const all = trials.reduce((sum, { rounds }) => sum + rounds.length, 0)
  return timeConstants(longest).flatMap((tauRounds) => {
    const approach = columnsOf(trials, (t) => Math.exp(-t / tauRounds))
    const rest = { kind: 'saturation' as const, searchCost: Math.log(all), tauRounds }
    return [
      { ...rest, hasLine: false, columns: sideBySide(ones(trials), approach) },
      { ...rest, hasLine: true, columns: sideBySide(ones(trials), roundsFromStart(trials), approach) },
    ]
  })
}

/** From a jump after the first round to a curve that cannot be told from a line. */
function timeConstants(rounds: number): number[] {
  const constants: number[] = []
  for (let tau = 0.35; tau <= rounds * 0.8; tau *= 1.4) constants.push(tau)
  return constants
}
