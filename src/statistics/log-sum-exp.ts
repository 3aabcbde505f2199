/** Logarithm of the sum of exponentials, without overflow; -Infinity for no values. */
export function logSumExp(values: readonly number[]): number {
  const highest = Math.max(...values)
  if (!Number.isFinite(highest)) return highest
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0))
}
