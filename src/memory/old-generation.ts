import { getHeapSpaceStatistics } from 'node:v8'
import { collectGarbage } from './garbage.js'

/**
 * Growth of the old generation at which it is collected: a sixty-fourth of a server's RSS, and with
 * two clients what some fifteen rounds leave. A collection takes about 10 ms.
 */
const GARBAGE_BYTES = 2 ** 20

let leastBytes = Number.POSITIVE_INFINITY

/**
 * Collects the garbage in V8's old generation once it has reached 1 MiB. Call it after each round,
 * where nothing waits.
 *
 * V8 moves objects that survive two collections of the young generation to the old one: requests,
 * promises and timers of the transfer, 60 KiB a round. V8 itself would let 8 MiB accumulate, more
 * than a hundred rounds, before it collects there.
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
