import { median } from '../../statistics/median.js'
import type { RoundSeries } from './round-series.js'

/** More rows say no more of a shape, and cost more than they say. */
export const MOST_ROWS = 600
/** So many blocks are made of them. */
const BLOCKS = 400

/** A long series as the medians of blocks of equal length; the middle round stands for a block. A short one is left as it is. */
export function inBlocks({ rounds, bytes }: RoundSeries, mostRows = MOST_ROWS): RoundSeries {
  if (rounds.length <= mostRows) return { rounds, bytes }
  const size = Math.ceil(rounds.length / BLOCKS)
  const starts = Array.from({ length: Math.floor(rounds.length / size) }, (_, i) => i * size)
  // What is left over at the start is in the first block, so that the last one ends with the series.
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

/** The last rows, in which teeth can be seen that blocks would even out. */
export function lastRows({ rounds, bytes }: RoundSeries): RoundSeries {
  return { rounds: rounds.slice(-BLOCKS), bytes: bytes.slice(-BLOCKS) }
}
