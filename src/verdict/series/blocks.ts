import { median } from '../../statistics/median.js'
import type { RoundSeries } from './round-series.js'

/**
 * Rows beyond which a series is judged in blocks: more rows cost time and show no more of its
 * shape.
 */
export const MOST_ROWS = 600
/** Number of blocks of a long series. */
const BLOCKS = 400

/**
 * Reduces a long series to the medians of blocks of equal length; the middle round stands for a
 * block. Returns a short one unchanged.
 */
export function inBlocks({ rounds, bytes }: RoundSeries, mostRows = MOST_ROWS): RoundSeries {
  if (rounds.length <= mostRows) return { rounds, bytes }
  const size = Math.ceil(rounds.length / BLOCKS)
  const starts = Array.from({ length: Math.floor(rounds.length / size) }, (_, i) => i * size)
  // The remainder goes into the first block, so that the last one ends with the series.
  const extra = rounds.length - starts.length * size
  const part = (of: readonly number[], start: number) => of.slice(start === 0 ? 0 : start + extra, start + extra + size)
  return {
    rounds: starts.map((start) => middleOf(part(rounds, start))),
    bytes: starts.map((start) => median(part(bytes, start))),
  }
}

function middleOf(of: readonly number[]): number {
  return of[Math.floor(of.length / 2)]!
}

/** Returns the last rows, in which teeth show that blocks would even out. */
export function lastRows({ rounds, bytes }: RoundSeries): RoundSeries {
  return { rounds: rounds.slice(-BLOCKS), bytes: bytes.slice(-BLOCKS) }
}
