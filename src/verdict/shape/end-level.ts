import { median } from '../../statistics/median.js'
import type { RoundSeries } from '../series/round-series.js'

/** Of the last sixth of the rounds, of at least five and at most twenty. */
const SHARE = 1 / 6
const FEWEST = 5
const MOST = 20

/**
 * Where memory is at the end, as it was measured there and not as a line through all rounds would have it.
 *
 * @param from place of the first round of the last level
 */
export function endLevelOf(trials: readonly RoundSeries[], from = 0): number {
  return median(
    trials.map(({ bytes }) => {
      const asked = Math.min(MOST, Math.max(FEWEST, Math.round(bytes.length * SHARE)))
      return median(bytes.slice(Math.max(from, bytes.length - asked, 0)))
    }),
  )
}
