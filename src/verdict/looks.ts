/**
 * Group-sequential looks: the trials are judged after every round and stop as soon as the result is
 * clear, without more errors than one look at the end would have. A round is one more trial of
 * every setting.
 */
import { errorSpending } from '../statistics/error-spending.js'

/** Trials of a setting at the first and at the last look; one look when both are the same. */
export interface Looks {
  first: number
  last: number
}

/**
 * Returns the share of the error rate that a claim of a difference may use at this look. The
 * p-value divided by it is valid over all looks together, and an interval of the level `1 - (1 -
 * level) * share` covers at all looks (repeated confidence intervals, Jennison and Turnbull 1989,
 * J. R. Stat. Soc. B 51, 305–361).
 *
 * @param trials those of the smaller side; before the first look the share is 0, and no claim can
 *   be made
 */
export function shareOfLook(trials: number, { first, last }: Looks): number {
  return shareOf(trials, { first, last }, LATE)
}

/**
 * Returns the share for a claim that stops early without an alarm: that no difference matters. It
 * is spent evenly, because most comparisons are of things that did not change, and these should end
 * soon.
 */
export function shareOfEarlyStop(trials: number, { first, last }: Looks): number {
  return shareOf(trials, { first, last }, EVENLY)
}

const LATE = 3
const EVENLY = 1

function shareOf(trials: number, { first, last }: Looks, power: number): number {
  if (trials < first) return 0
  const looks = Math.max(1, last - first + 1)
  return errorSpending(Math.min(trials - first + 1, looks), looks, power)
}

/** Returns a p-value adjusted for all looks; 1 where no claim may be made yet. */
export function adjustForLooks(pValue: number, share: number): number {
  return share === 0 ? 1 : Math.min(1, pValue / share)
}
