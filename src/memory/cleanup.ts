import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CleanupRecord } from '../shared/marks.js'
import { collectGarbage } from './garbage.js'
import { preparePurge, purgeAllocator } from './purge.js'

/**
 * Collects garbage, then makes the allocator return its free pages to the system.
 *
 * Call it at the end of a round, once the last reference to the round's weights is gone: what is
 * still referenced stays. Both steps block the thread, 20 to 80 ms together where half a GB is
 * returned. Neither is enough alone: freed array buffers stay with the allocator, and the allocator
 * cannot return what has not been collected.
 *
 * @returns what it cost and returned; a step that could not run is null (see {@link getAllocator}
 *   for what is supported)
 */
export async function cleanupMemory(): Promise<CleanupRecord> {
  preparePurge()
  // The caller's frames end here. Otherwise dead values that are still in their registers would
  // stay alive.
  await nextTurn()
  const startedMs = performance.now()
  const rssBeforeBytes = process.memoryUsage.rss()
  const gcMs = collectGarbage()
  const purgeMs = purgeAllocator()
  const rssAfterBytes = process.memoryUsage.rss()
  return { gcMs, purgeMs, totalMs: performance.now() - startedMs, rssBeforeBytes, rssAfterBytes }
}
