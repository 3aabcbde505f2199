import { setImmediate as nextTurn } from 'node:timers/promises'
import { collectGarbage } from './garbage.js'
import { preparePurge, purgeAllocator } from './purge.js'

/** RSS split by what came back when asked for. The three parts add up to `rssBytes`. */
export interface GiveBack {
  rssBytes: number
  /** Free, but kept by the allocator: came back by its purge alone. */
  retainedBytes: number
  /** Garbage that nobody had collected: came back by a collection and a second purge. */
  garbageBytes: number
  /** The rest: what is in use, with the fixed weight of the runtime. */
  liveBytes: number
}

/**
 * Splits this process's RSS by measured give-back: purge, then collect and purge again, reading RSS before and after.
 * The allocator's own counters would not do; what it calls free is often neither resident nor returnable.
 *
 * It changes what it measures, so it belongs at the end of a job.
 *
 * @returns null where the allocator cannot be told to purge, or the engine to collect: the parts are not known then
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
