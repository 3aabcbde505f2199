/**
 * Whether a cleanup is due: after every n-th completed round, never with n = 0. All algorithms ask here, so that all of
 * them count alike: with n = 5, after the 5th, 10th and 15th completed round, whatever number the first round bears.
 *
 * @param completedRounds rounds completed so far, the one that just ended included; 1 after the first
 */
export function everyNthRound(n: number, completedRounds: number): boolean {
  return n > 0 && completedRounds > 0 && completedRounds % n === 0
}
