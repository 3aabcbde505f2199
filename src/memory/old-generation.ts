import { getHeapSpaceStatistics } from 'node:v8'
import { collectGarbage } from './garbage.js'

/** A sixty-fourth of a server's RSS, and with two clients what some fifteen rounds leave: a collection takes about 10 ms. */
const GARBAGE_BYTES = 2 ** 20

let leastBytes = Number.POSITIVE_INFINITY

/**
 * Collects the garbage in V8's old generation once it has come to a MiB. Call it where nothing waits, after each round.
 *
 * What two collections of the young generation find alive is moved to the old one: requests, promises and timers
 * of the transfer, 60 KiB a round. V8 itself would let 8 MiB of that gather, more than a hundred rounds, before it looks there.
 *
 * @returns whether it collected
 */
export function collectOldGarbage(): boolean {
  const bytes = oldGenerationBytes()
  leastBytes = Math.min(leastBytes, bytes)
  if (bytes - leastBytes < GARBAGE_BYTES) return false
  collectGarbage()
  // Code that V8 has compiled meanwhile stays.
  leastBytes = oldGenerationBytes()
  return true
}

export function oldGenerationBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')!.space_used_size
}
