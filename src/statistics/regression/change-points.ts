/**
 * Finds the best places for one, two, ... level shifts in a series: least squares over all
 * segmentations, by dynamic programming. Auger and Lawrence (1989), Bull. Math. Biol. 51, 39–54.
 * O(n² shifts).
 *
 * @param shortest minimum values of a segment
 * @returns for one shift up to `most`, the indices of the first values of the new segments; fewer
 *   lists where no more fit
 */
export function changePoints(values: readonly number[], most: number, shortest: number): number[][] {
  const length = values.length
  const cost = segmentCost(values)
  let before = Float64Array.from({ length: length + 1 }, (_, end) =>
    end < shortest ? Number.POSITIVE_INFINITY : cost(0, end),
  )
  const origins: Int32Array[] = []
  const results: number[][] = []
  for (let shifts = 1; shifts <= most && (shifts + 1) * shortest <= length; shifts++) {
    const best = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY)
    const origin = new Int32Array(length + 1)
    for (let end = (shifts + 1) * shortest; end <= length; end++) {
      for (let start = shifts * shortest; start <= end - shortest; start++) {
        const total = before[start]! + cost(start, end)
        if (total < best[end]!) {
          best[end] = total
          origin[end] = start
        }
      }
    }
    origins.push(origin)
    results.push(trace(origins, length))
    before = best
  }
  return results
}

function trace(origins: readonly Int32Array[], length: number): number[] {
  const places: number[] = []
  let end = length
  for (const origin of [...origins].reverse()) {
    end = origin[end]!
    places.unshift(end)
  }
  return places
}

/**
 * Returns a function that computes the sum of squares of a segment around its own mean, from
 * running sums.
 */
function segmentCost(values: readonly number[]): (start: number, end: number) => number {
  const sums = new Float64Array(values.length + 1)
  const squares = new Float64Array(values.length + 1)
  // Values are centred on the overall level, so that differences of large squares keep their
  // digits.
  const centre = values.reduce((sum, value) => sum + value, 0) / values.length
  for (const [i, value] of values.entries()) {
    sums[i + 1] = sums[i]! + (value - centre)
    squares[i + 1] = squares[i]! + (value - centre) ** 2
  }
  return (start, end) => {
    const sum = sums[end]! - sums[start]!
    return Math.max(0, squares[end]! - squares[start]! - sum ** 2 / (end - start))
  }
}
