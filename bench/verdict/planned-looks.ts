import { errorSpending } from '../../src/statistics/error-spending.js'

/** Rounds before the first look, and the factor from one look to the next. */
const FIRST_LOOK = 12
const LATER = 1.25
/**
 * Total error that may be spent: the chance that growth is called at any look though there is none.
 */
const SPENT = 0.004
const POWER = 3

/** A planned look: after how many rounds it takes place, and how much of the error it may spend. */
export interface Look {
  round: number
  alpha: number
}

/**
 * A rule that `tidemark soak --max-rounds` had, and that was dropped for its false alarms on real
 * programs. Plans the looks at a series of known length. Each is a quarter later than the one before, and
 * {@link errorSpending} divides the error over them: early looks, which know little, spend little.
 *
 * @param rounds from 12 on; fewer have one look, at their end
 */
export function plannedLooks(rounds: number): Look[] {
  const places = [rounds]
  while (places[0]! / LATER >= FIRST_LOOK) places.unshift(Math.round(places[0]! / LATER))
  return places.map((round, i) => ({ round, alpha: SPENT * errorSpending(i + 1, places.length, POWER) }))
}
