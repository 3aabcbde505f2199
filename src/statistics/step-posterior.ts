/**
 * Locates the step up in a series of places from measurements at some of them. Returns the
 * probability of each place to be the first one above the step, with a uniform prior. Horstein
 * (1963), IEEE Trans. Inf. Theory 9, 136–143, uses it to search with answers that may be wrong;
 * Waeber, Frazier and Henderson (2013), SIAM J. Control Optim. 51, 2261–2279, show that asking at
 * its median converges geometrically.
 *
 * @param places number of places; the step lies at one of 0 to `places - 1`
 * @param evidence by place: the logarithm of how much more probable its measurements are above the
 *   step than below it
 * @returns a probability for each place; they add up to 1
 */
export function stepPosterior(places: number, evidence: ReadonlyMap<number, number>): number[] {
  const logs = new Array<number>(places).fill(0)
  let above = 0
  // A place is above the step when the step is at it or before it.
  for (let step = places - 1; step >= 0; step--) {
    above += evidence.get(step) ?? 0
    logs[step] = above
  }
  const highest = Math.max(...logs)
  const weights = logs.map((log) => Math.exp(log - highest))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}
