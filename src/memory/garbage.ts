import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { warnOnce } from './warn-once.js'

interface GcOptions {
  type: 'minor' | 'major'
  flavor?: 'last-resort' | undefined
}

type Gc = (options?: GcOptions) => void

/** The ways in which this engine collects on demand. */
interface Collector {
  /** Collects everything, and returns the pages that this frees. */
  full(): void
  minor(): void
}

let collector: Collector | null | undefined

/**
 * Bytes of V8's own heap. A collection that frees more than this is followed by another one. A
 * server of weights has less garbage there, since weights are in array buffers: little more than
 * the young generation, of 1 MiB.
 */
const NOTICED_HEAP_BYTES = 2 * 2 ** 20

/**
 * Collects all garbage, and returns only after its memory is free. Blocks the thread.
 *
 * V8 frees array buffers on a background thread. A purge right after a full collection would
 * overlap with that and miss most of them. The minor collection waits for that thread before it
 * starts, which is its only purpose here.
 *
 * @returns ms that it took, or null where the engine offers no collection on demand
 */
export function collectGarbage(): number | null {
  collector ??= findCollector()
  if (!collector) return null
  const startedMs = performance.now()
  collector.full()
  collector.minor()
  return performance.now() - startedMs
}

/**
 * Collects the young generation alone: a fraction of a millisecond where it is small. Does nothing
 * where the engine offers no such call.
 */
export function collectYoungGarbage(): void {
  collector ??= findCollector()
  collector?.minor()
}

/**
 * Finds V8's gc function without `--expose-gc` on the command line: contexts created after the flag
 * was set have it.
 */
function findCollector(): Collector | null {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('globalThis.gc')
  if (typeof gc === 'function') return collectorOf(gc as Gc)
  warnOnce('this JavaScript engine offers no garbage collection on demand: a memory cleanup leaves that step out')
  return null
}

/**
 * Chooses how to collect. From Node 22 on V8 keeps the pages that a collection frees in a pool for
 * later use: RSS stays where it was, and garbage looks like live memory. A last-resort collection
 * empties that pool before it returns.
 */
function collectorOf(gc: Gc): Collector {
  const minor = () => gc({ type: 'minor' })
  if (knowsFlavors(gc)) return { full: () => gc({ type: 'major', flavor: 'last-resort' }), minor }
  return { full: () => collectWhileFreeing(gc), minor }
}

/**
 * Returns whether the engine knows flavors of collections: such an engine reads the property, an
 * older one ignores it.
 */
function knowsFlavors(gc: Gc): boolean {
  let isRead = false
  gc({
    type: 'minor',
    get flavor() {
      isRead = true
      return undefined
    },
  })
  return isRead
}

/**
 * Repeats full collections while they free pages. Before Node 22, V8 unmaps pages of its own heap
 * in the background, some milliseconds later. Until then RSS is as high as before, and their
 * garbage would look like live memory. The next full collection waits for that, and frees pages
 * that the previous one found nearly empty.
 */
function collectWhileFreeing(gc: Gc): void {
  let before = getHeapStatistics()
  for (let hasFreed = true; hasFreed; ) {
    // Call it without an argument: these releases take an object with the type "major" for a minor
    // collection.
    gc()
    const after = getHeapStatistics()
    hasFreed =
      before.used_heap_size - after.used_heap_size > NOTICED_HEAP_BYTES ||
      before.total_heap_size - after.total_heap_size > NOTICED_HEAP_BYTES
    before = after
  }
}
