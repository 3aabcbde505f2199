import { errorSpending } from '../error-spending.js'

/** The first look, and how much later each following one is. */
const FIRST_LOOK = 12
const LATER = 1.25
/** All that may be spent: the chance that growth is called at one of the looks though there is none. */
const SPENT = 0.004
const POWER = 3

/** After how many rounds a series is looked at, and what chance of an error that look may add. */
export interface Look {
  round: number
  alpha: number
}

/**
 * Looks at a series of which the length is known, each a quarter later than the one before, with the error divided over
 * them by {@link errorSpending}: little is spent while little is known.
 *
 * @param rounds from 12 on; fewer have one look, at their end
 */
export function plannedLooks(rounds: number): Look[] {
  const places = [rounds]
  while (places[0]! / LATER >= FIRST_LOOK) places.unshift(Math.round(places[0]! / LATER))
  return places.map((round, i) => ({ round, alpha: SPENT * errorSpending(i + 1, places.length, POWER) }))
}
