import type { Tolerance } from '../../results/tolerance.js'
import { median } from '../../statistics/median.js'
import type { RoundSeries } from '../series/round-series.js'
import type { AnalyzeOptions } from './analysis.js'
import { endLevelOf } from './end-level.js'
import type { Known } from './findings.js'
import { ALPHA } from './growth.js'

/**
 * Default tolerance: at 0.1 % of the level from one row to the next memory doubles in 1000 rows.
 */
const DEFAULT_TOLERANCE: Tolerance = { share: 0.001 }
/** Minimum tolerance: a relative one would be 0 at level 0, and memory comes in pages. */
const LEAST_TOLERANCE_BYTES = 1024

/** Growth that matters where the room below a limit is not known, as a share of the level. */
const ROOM_SHARE = 0.1
/**
 * Default horizon as a multiple of the recorded rounds; it has at least `LEAST_ROWS` rows, or
 * `LEAST_SECONDS` for windows of time.
 */
const TIMES_RECORDED = 10
const LEAST_ROWS = 1000
export const SECONDS_PER_DAY = 86_400
const LEAST_SECONDS = 30 * SECONDS_PER_DAY

/**
 * Returns the scales for slopes: the tolerance from one row to the next, and the slope that matters
 * within the horizon.
 */
export function knownOf(trials: readonly RoundSeries[], options: AnalyzeOptions): Known {
  const levelBytes = median(trials.flatMap(({ bytes }) => bytes.slice(Math.floor(bytes.length / 2))))
  const { limitBytes } = options
  const room = limitBytes === undefined ? ROOM_SHARE * levelBytes : Math.max(0, limitBytes - endLevelOf(trials))
  const horizonRounds = horizonOf(trials, options)
  const toleranceBytes = toleratedBytes(trials, levelBytes, options)
  return {
    trials,
    levelBytes,
    toleranceBytes,
    rowToleranceBytes: toleranceBytes * rowRounds(trials),
    horizonRounds,
    mattersBytes: room / horizonRounds,
    alpha: options.alpha ?? ALPHA,
  }
}

/**
 * Converts the tolerance to bytes a round. Rows may be many rounds apart, for example where every
 * thousandth iteration is reported; a share applies from one row to the next.
 */
function toleratedBytes(
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

function horizonOf(
  trials: readonly RoundSeries[],
  { horizonRounds, horizonSeconds, secondsPerRound, isTime }: AnalyzeOptions,
): number {
  if (horizonRounds !== undefined) return horizonRounds
  if (horizonSeconds !== undefined && secondsPerRound !== undefined) return horizonSeconds / secondsPerRound
  const recorded = TIMES_RECORDED * Math.max(1, median(trials.map(spanOf)))
  const least =
    isTime && secondsPerRound !== undefined ? LEAST_SECONDS / secondsPerRound : LEAST_ROWS * rowRounds(trials)
  return Math.max(recorded, least)
}

/** Returns the number of rounds from one row to the next. */
export function rowRounds(trials: readonly RoundSeries[]): number {
  return median(trials.map((trial) => (trial.rounds.length < 2 ? 1 : spanOf(trial) / (trial.rounds.length - 1))))
}

function spanOf({ rounds }: RoundSeries): number {
  return rounds.length === 0 ? 0 : rounds.at(-1)! - rounds[0]!
}
