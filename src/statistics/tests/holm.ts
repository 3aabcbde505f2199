/**
 * Adjusts p-values by Holm's step-down method: the chance of one or more false alarms among all of
 * them stays at the level, whatever their dependence. Holm (1979), Scand. J. Stat. 6, 65–70. Equals
 * `p.adjust(method = "holm")` of R.
 *
 * @returns adjusted p-values in the order given, each at most 1
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i]! - pValues[j]!)
  const adjusted = new Array<number>(pValues.length)
  let highest = 0
  for (const [place, i] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (pValues.length - place) * pValues[i]!))
    adjusted[i] = highest
  }
  return adjusted
}
