import { setImmediate as nextTurn } from 'node:timers/promises'
import { collectGarbage } from './garbage.js'
import { preparePurge, purgeAllocator } from './purge.js'

/** RSS split by what was returned on demand. The three parts add up to `rssBytes`. */
export interface GiveBack {
  rssBytes: number
  /** Free memory that the allocator kept; its purge alone returned it. */
  retainedBytes: number
  /** Garbage that was not collected yet; a collection and a second purge returned it. */
  garbageBytes: number
  /** The rest: memory in use, including the fixed cost of the runtime. */
  liveBytes: number
}

/**
 * Splits this process's RSS by measurement: purge, then collect and purge again, reading RSS before
 * and after. The allocator's own counters cannot replace it, because what they call free is often
 * neither resident nor returnable.
 *
 * It changes what it measures, so call it at the end of a job.
 *
 * @returns null where the allocator cannot purge on demand, or the engine cannot collect: the parts
 *   are then not known
 */
export async function splitRssByGiveBack(): Promise<GiveBack | null> {
  if (!preparePurge()) return null
  await nextTurn()
  const rssBytes = process.memoryUsage.rss()
  purgeAllocator()
  const purgedBytes = process.memoryUsage.rss()
  if (collectGarbage() === null) return null
  purgeAllocator()
  const collectedBytes = process.memoryUsage.rss()
  // A step that returned nothing can leave RSS a few pages higher than before.
  const retainedBytes = Math.max(0, rssBytes - purgedBytes)
  const garbageBytes = Math.max(0, Math.min(rssBytes, purgedBytes) - collectedBytes)
  return { rssBytes, retainedBytes, garbageBytes, liveBytes: rssBytes - retainedBytes - garbageBytes }
}
