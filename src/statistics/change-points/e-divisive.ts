import { autocorrelatedT } from '../tests/autocorrelated-t.js'
import { energySplit } from './energy-split.js'

/** A place at which the level of a series shifts. */
export interface LevelShift {
  /** Index of the first value on the new level. */
  at: number
  /** Means of the parts on either side, up to the neighbouring shifts. */
  before: number
  after: number
  /** Two-sided p-value of the split when it was found. */
  pValue: number
}

export interface EDivisiveOptions {
  /**
   * Significance level of each split. Default 0.0003; at the 0.001 of apache/otava two of 200
   * unchanged commits alert when a series is judged after every one (bench/results/history.md).
   */
  level?: number
  /** Minimum values of a part. Default 5, so that a single outlier is no shift. */
  shortest?: number
}

/**
 * Finds the level shifts of a series: E-divisive (Matteson and James 2014, J. Am. Stat. Assoc. 109,
 * 334–345), which repeatedly splits the part whose best split has the largest energy, while the
 * split is significant. The test is a t test in place of permutations, as in Hunter (Fleming,
 * Kołaczkowski and others 2023, ICPE, 199–206; today apache/otava), so that every run has the same
 * outcome. Here the test also allows for autocorrelation.
 *
 * @returns in the order of the series
 */
export function eDivisive(
  values: readonly number[],
  { level = 0.0003, shortest = 5 }: EDivisiveOptions = {},
): LevelShift[] {
  const found = new Map<number, number>()
  const best = (start: number, end: number): Candidate[] => {
    const split = energySplit(values, start, end, shortest)
    if (split === undefined) return []
    const { pValue } = autocorrelatedT(values, start, split.at, split.end)
    return [{ start, end, at: split.at, energy: split.energy, pValue }]
  }
  let open = best(0, values.length)
  while (open.length > 0) {
    const largest = open.reduce((one, other) => (other.energy > one.energy ? other : one))
    if (largest.pValue >= level) break
    const { start, at, end, pValue } = largest
    found.set(at, pValue)
    open = [...open.filter((part) => part !== largest), ...best(start, at), ...best(at, end)]
  }
  const places = [...found.keys()].sort((a, b) => a - b)
  return places.map((at, i) => {
    const { before, after } = autocorrelatedT(values, places[i - 1] ?? 0, at, places[i + 1] ?? values.length)
    return { at, before, after, pValue: found.get(at)! }
  })
}

/** A part of the series and its best split. */
interface Candidate {
  start: number
  end: number
  at: number
  energy: number
  pValue: number
}
