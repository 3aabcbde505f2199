import { median } from '../../statistics/median.js'
import type { RoundSeries } from '../series/round-series.js'
import type { AnalyzeOptions } from './analysis.js'
import { endLevelOf } from './end-level.js'
import type { Known } from './findings.js'
import { ALPHA } from './growth.js'
import { rowRounds, SECONDS_PER_DAY, spanOf, toleratedBytes } from './tolerance.js'

/** Growth that matters where the room below a limit is not known, as a share of the level. */
const ROOM_SHARE = 0.1
/**
 * Default horizon as a multiple of the recorded rounds; it has at least `LEAST_ROWS` rows, or
 * `LEAST_SECONDS` for windows of time.
 */
const TIMES_RECORDED = 10
const LEAST_ROWS = 1000
const LEAST_SECONDS = 30 * SECONDS_PER_DAY

/**
 * Returns the scales for slopes: the tolerance from one row to the next, and the slope that matters
 * within the horizon.
 */
export function knownOf(trials: readonly RoundSeries[], options: AnalyzeOptions): Known {
  const levelBytes = median(trials.flatMap(({ bytes }) => bytes.slice(Math.floor(bytes.length / 2))))
  const { limitBytes, othersBytes = 0 } = options
  const room =
    limitBytes === undefined ? ROOM_SHARE * levelBytes : Math.max(0, limitBytes - othersBytes - endLevelOf(trials))
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
