/**
 * Most values in both samples together for the exact test. With more, counting takes long and a t
 * test gives the same result.
 */
export const EXACT_UP_TO = 40

export interface MannWhitneyResult {
  /** Pairs in which b is the larger; ties count as half. */
  u: number
  /** Two-sided p-value. */
  pValue: number
}

/**
 * Mann-Whitney U test, exact: the p-value counts all ways to split the pooled values into groups of
 * these sizes, ties included (midranks). Mann and Whitney (1947), Ann. Math. Stat. 18, 50–60.
 * Reference values: scipy `mannwhitneyu(method='exact')` without ties, all splits of `rankdata`
 * with them.
 *
 * @throws RangeError for more than 40 values in all, or an empty group
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): MannWhitneyResult {
  const size = a.length + b.length
  if (a.length === 0 || b.length === 0 || size > EXACT_UP_TO)
    throw new RangeError(
      `mannWhitney: group sizes ${a.length} and ${b.length}; expected 1 to ${EXACT_UP_TO} values in all`,
    )
  const doubledRanks = doubledMidranks([...a, ...b])
  const observed = sum(doubledRanks.slice(a.length))
  const ways = waysBySum(doubledRanks, b.length)
  const expected = (b.length * sum(doubledRanks)) / size
  const distance = Math.abs(observed - expected)
  let extreme = 0
  let all = 0
  for (const [rankSum, count] of ways.entries()) {
    all += count
    if (Math.abs(rankSum - expected) >= distance - 1e-9) extreme += count
  }
  return {
    u: observed / 2 - (b.length * (b.length + 1)) / 2,
    pValue: extreme / all,
  }
}

/** Returns ranks from 1, where ties share their mean rank. They are doubled to be whole numbers. */
function doubledMidranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length
    const equal = values.filter((other) => other === value).length
    return 2 * below + equal + 1
  })
}

/** Counts the subsets of `size` ranks that have each sum, by dynamic programming over the ranks. */
function waysBySum(ranks: readonly number[], size: number): Float64Array {
  const most = sum(ranks)
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(most + 1))
  ways[0]![0] = 1
  for (const rank of ranks) {
    for (let taken = size; taken > 0; taken--) {
      const from = ways[taken - 1]!
      const to = ways[taken]!
      for (let total = most; total >= rank; total--) to[total]! += from[total - rank]!
    }
  }
  return ways[size]!
}

function sum(values: readonly number[]): number {
  return values.reduce((so, value) => so + value, 0)
}
