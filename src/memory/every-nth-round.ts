/**
 * Returns whether a cleanup is due: after every n-th completed round, never with n = 0. All
 * algorithms use it, so that all count alike: with n = 5, after the 5th, 10th and 15th completed
 * round, whatever the number of the first round.
 *
 * @param completedRounds rounds completed so far, including the one that just ended; 1 after the
 *   first
 */
export function everyNthRound(n: number, completedRounds: number): boolean {
  return n > 0 && completedRounds > 0 && completedRounds % n === 0
}
