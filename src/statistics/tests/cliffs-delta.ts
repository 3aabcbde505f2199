/**
 * Cliff's delta: how often a value of b exceeds one of a, minus how often it falls below. -1 to 1;
 * at 1 every value of b is above every value of a. Cliff (1993), Psychol. Bull. 114, 494–509.
 */
export function cliffsDelta(a: readonly number[], b: readonly number[]): number {
  let balance = 0
  for (const x of a) for (const y of b) balance += Math.sign(y - x)
  return balance / (a.length * b.length)
}
