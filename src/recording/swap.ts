import type { MemoryReading } from '../shared/marks.js'
import { formatBytes } from '../shared/units.js'

/** Change in swap that is ignored, because less than this moves without a cause. */
const SMALL_BYTES = 2 ** 20

/**
 * Returns the least and the most that was swapped out at the ends of rounds; undefined if that did
 * not change.
 */
export function movingSwap(ends: readonly MemoryReading[]): { lowBytes: number; highBytes: number } | undefined {
  let [lowBytes, highBytes] = [Number.POSITIVE_INFINITY, 0]
  for (const { swapBytes = 0 } of ends) {
    lowBytes = Math.min(lowBytes, swapBytes)
    highBytes = Math.max(highBytes, swapBytes)
  }
  return highBytes - lowBytes > SMALL_BYTES ? { lowBytes, highBytes } : undefined
}

/**
 * Returns what a process held. RSS does not count swapped-out memory, so a server that leaks into
 * swap would look flat; when swap moves, it is judged together with RSS.
 */
export function heldBytes({ rssBytes, swapBytes = 0 }: MemoryReading, isSwapping: boolean): number {
  return isSwapping ? rssBytes + swapBytes : rssBytes
}

/** Returns the sentence for a reader of the verdict. */
export function swapNote(whose: string, { lowBytes, highBytes }: { lowBytes: number; highBytes: number }): string {
  return `memory of ${whose} was swapped out (${formatBytes(lowBytes)} to ${formatBytes(highBytes)} at the ends of rounds): RSS plus swap is judged`
}
