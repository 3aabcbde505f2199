import type { RoundSeries } from '../series/round-series.js'
import { type Curve, type Cycle, ones, roundsFromStart, sideBySide } from './curve.js'

/**
 * Ways in which memory returns after a cleanup: 0 at the cleanup round and 1 in the round before
 * the next one.
 */
const RISES: ((place: number, period: number) => number)[] = [
  (place, period) => place / (period - 1),
  (place) => Math.min(place, 1),
  (place, period) => (1 - Math.exp((-3 * place) / period)) / (1 - Math.exp((-3 * (period - 1)) / period)),
]

/**
 * Builds the saw-teeth of one cycle: rising evenly, at once, or in between; on a level, on a line,
 * after a warm-up.
 */
export function sawtoothCurves(trials: readonly RoundSeries[], cycle: Cycle, searchCost: number): Curve[] {
  const level = ones(trials)
  const line = roundsFromStart(trials)
  return RISES.slice(0, cycle.period === 2 ? 1 : 3).flatMap((rise) => {
    const tooth = trials.map(({ rounds }) =>
      rounds.map((round) => rise(placeInCycle(completedRounds(rounds, round), cycle), cycle.period)),
    )
    const rest = { kind: 'sawtooth' as const, searchCost, cycle }
    return [
      { ...rest, hasLine: false, columns: sideBySide(level, tooth) },
      { ...rest, hasLine: true, columns: sideBySide(level, line, tooth) },
    ]
  })
}

/**
 * Returns the rounds completed when this one ended. A job whose rounds count from 0 has completed
 * one after round 0.
 */
export function completedRounds(rounds: readonly number[], round: number): number {
  return rounds[0] === 0 ? round + 1 : round
}

/** Returns the rounds since the last cleanup: 0 in a cleanup round itself. */
export function placeInCycle(completed: number, { period, phase }: Cycle): number {
  return (((completed - phase) % period) + period) % period
}
