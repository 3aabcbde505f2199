import type { Tolerance } from '../../results/tolerance.js'
import { median } from '../../statistics/median.js'
import type { RoundSeries } from '../series/round-series.js'
import type { AnalyzeOptions } from './analysis.js'

/**
 * Default tolerance: at 0.1 % of the level from one row to the next memory doubles in 1000 rows.
 */
const DEFAULT_TOLERANCE: Tolerance = { share: 0.001 }
/** Minimum tolerance: a relative one would be 0 at level 0, and memory comes in pages. */
const LEAST_TOLERANCE_BYTES = 1024

export const SECONDS_PER_DAY = 86_400

/**
 * Converts the tolerance to bytes a round. Rows may be many rounds apart, for example where every
 * thousandth iteration is reported; a share applies from one row to the next.
 */
export function toleratedBytes(
  trials: readonly RoundSeries[],
  levelBytes: number,
  { tolerance = DEFAULT_TOLERANCE, secondsPerRound }: AnalyzeOptions,
): number {
  if ('bytes' in tolerance) return tolerance.bytes
  if ('share' in tolerance) return Math.max(LEAST_TOLERANCE_BYTES, tolerance.share * levelBytes) / rowRounds(trials)
  if (secondsPerRound === undefined)
    throw new RangeError('a tolerance of bytes a day needs secondsPerRound, how long a round takes')
  return (tolerance.bytesPerDay * secondsPerRound) / SECONDS_PER_DAY
}

/** Returns the number of rounds from one row to the next. */
export function rowRounds(trials: readonly RoundSeries[]): number {
  return median(trials.map((trial) => (trial.rounds.length < 2 ? 1 : spanOf(trial) / (trial.rounds.length - 1))))
}

/** Returns the number of rounds from the first row to the last. */
export function spanOf({ rounds }: RoundSeries): number {
  return rounds.length === 0 ? 0 : rounds.at(-1)! - rounds[0]!
}
