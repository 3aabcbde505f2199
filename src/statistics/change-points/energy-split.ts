/** The split of a part of a series into the two parts that differ most. */
export interface EnergySplit {
  /** Index of the first value of the second part. */
  at: number
  /** Index after the last value of the second part. */
  end: number
  /**
   * Energy statistic. It grows with the difference and the number of values, and is 0 for two equal
   * parts.
   */
  energy: number
}

/**
 * Returns the best split of `values[start, end)` by the energy statistic of E-divisive (Matteson
 * and James 2014, J. Am. Stat. Assoc. 109, 334–345, equations 5 to 7, alpha = 1): mn / (m + n)
 * times the mean distance between the parts, less those within them. The second part may end before
 * `end`, so that a change that reverts is found too.
 *
 * O(n²) in time and memory, from sums of all pairs; meant for n up to some thousands.
 *
 * @param shortest minimum values of each part, 2 or more
 * @returns undefined where no two parts of that length fit
 */
export function energySplit(
  values: readonly number[],
  start: number,
  end: number,
  shortest: number,
): EnergySplit | undefined {
  const length = end - start
  if (length < 2 * shortest) return undefined
  const sums = pairSums(values, start, end)
  /** Sum of the distances between the indices [a, b) and [c, d). */
  const between = (a: number, b: number, c: number, d: number) =>
    sums[b * (length + 1) + d]! -
    sums[a * (length + 1) + d]! -
    sums[b * (length + 1) + c]! +
    sums[a * (length + 1) + c]!
  let best: EnergySplit | undefined
  for (let at = shortest; at <= length - shortest; at++) {
    const within = between(0, at, 0, at) / (at * (at - 1))
    for (let to = at + shortest; to <= length; to++) {
      const [m, n] = [at, to - at]
      const across = (2 * between(0, at, at, to)) / (m * n)
      const energy = ((m * n) / (m + n)) * (across - within - between(at, to, at, to) / (n * (n - 1)))
      if (best === undefined || energy > best.energy) best = { at: start + at, end: start + to, energy }
    }
  }
  return best
}

/**
 * Returns the sums of |x_i - x_j| over i below the row and j below the column, as a square matrix
 * of length + 1.
 */
function pairSums(values: readonly number[], start: number, end: number): Float64Array {
  const length = end - start
  const width = length + 1
  const sums = new Float64Array(width * width)
  for (let i = 0; i < length; i++) {
    let row = 0
    for (let j = 0; j < length; j++) {
      row += Math.abs(values[start + i]! - values[start + j]!)
      sums[(i + 1) * width + j + 1] = sums[i * width + j + 1]! + row
    }
  }
  return sums
}
