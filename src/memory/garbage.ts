import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { warnOnce } from './warn-once.js'

type Gc = (options?: { type: 'minor' | 'major' }) => void

let gc: Gc | null | undefined

/**
 * Collects garbage, all of it, and does not return before the memory of dead array buffers was freed. Blocks the thread.
 *
 * V8 frees array buffers on a background thread; a purge that follows a full collection at once meets it half way and
 * misses most of them. The minor collection waits for that thread before it starts, which is all that it is here for.
 *
 * @returns ms that it took, or null where the engine offers no collection on demand
 */
export function collectGarbage(): number | null {
  gc ??= findGc()
  if (!gc) return null
  const startedMs = performance.now()
  gc()
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
