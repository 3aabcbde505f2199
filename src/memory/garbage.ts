import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { warnOnce } from './warn-once.js'

type Gc = (options?: { type: 'minor' | 'major' }) => void

let gc: Gc | null | undefined

/**
 * A collection that frees more of V8's own heap than this is followed by another one. A server of weights has less garbage there,
 * since they lie in array buffers: it is the young generation, of a MiB, and little else.
 */
const NOTICED_HEAP_BYTES = 2 * 2 ** 20

/**
 * Collects garbage, all of it, and does not return before its memory was freed. Blocks the thread.
 *
 * V8 frees array buffers on a background thread; a purge that follows a full collection at once meets it half way and
 * misses most of them. The minor collection waits for that thread before it starts, which is all that it is here for.
 *
 * Pages of V8's own heap are unmapped in the background as well, some milliseconds later: until then RSS is as high as before, and
 * their garbage would pass for live. The next full collection waits for that, and frees pages that the one before had found
 * nearly empty. So it goes on while pages are freed.
 *
 * @returns ms that it took, or null where the engine offers no collection on demand
 */
export function collectGarbage(): number | null {
  gc ??= findGc()
  if (!gc) return null
  const startedMs = performance.now()
  let before = getHeapStatistics()
  for (let hasFreed = true; hasFreed; ) {
    gc()
    const after = getHeapStatistics()
    hasFreed =
      before.used_heap_size - after.used_heap_size > NOTICED_HEAP_BYTES ||
      before.total_heap_size - after.total_heap_size > NOTICED_HEAP_BYTES
    before = after
  }
  gc({ type: 'minor' })
  return performance.now() - startedMs
}

/** Collects the young generation alone: a fraction of a millisecond where that is small. Does nothing where the engine offers no such call. */
export function collectYoungGarbage(): void {
  gc ??= findGc()
  gc?.({ type: 'minor' })
}

/** V8's gc function, which needs no `--expose-gc` on the command line: contexts made after the flag was set have it. */
function findGc(): Gc | null {
  setFlagsFromString('--expose-gc')
  const found: unknown = runInNewContext('globalThis.gc')
  if (typeof found === 'function') return found as Gc
  warnOnce('this JavaScript engine offers no garbage collection on demand: a memory cleanup leaves that step out')
  return null
}
