import { median } from '../../statistics/median.js'
import type { RoundSeries } from '../series/round-series.js'

/**
 * Share of the rounds, from the end, that give the level: at least five and at most twenty rounds.
 */
const SHARE = 1 / 6
const FEWEST = 5
const MOST = 20

/**
 * Returns the level at the end as measured there, not as extrapolated by a line through all rounds.
 *
 * @param from index of the first round of the last level
 */
export function endLevelOf(trials: readonly Pick<RoundSeries, 'bytes'>[], from = 0): number {
  return median(
    trials.map(({ bytes }) => {
      const asked = Math.min(MOST, Math.max(FEWEST, Math.round(bytes.length * SHARE)))
      return median(bytes.slice(Math.max(from, bytes.length - asked, 0)))
    }),
  )
}
