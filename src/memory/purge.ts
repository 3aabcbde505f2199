import { type AllocatorName, getAllocator } from './allocator.js'
import { findNativeFunction, isNativeAvailable } from './native.js'
import { warnOnce } from './warn-once.js'

/** Returns the allocator's free pages to the system; true when it says that it returned some, or cannot tell. */
type Purge = () => boolean

/** MALLCTL_ARENAS_ALL of jemalloc 5, in jemalloc.h. */
const ALL_ARENAS = 4096

let purge: Purge | null | undefined

/**
 * Tells the allocator really loaded to return its free pages to the system. Blocks the thread: 15 to 65 ms for half a GB.
 *
 * @returns ms that it took, or null where no allocator that can be told is loaded
 */
export function purgeAllocator(): number | null {
  if (!preparePurge()) return null
  const startedMs = performance.now()
  purge?.()
  return performance.now() - startedMs
}

/**
 * Finds out how to purge, once; says in one warning when there is no way. Calling it ahead keeps the memory that koffi
 * takes out of a reading that follows.
 *
 * @returns whether this process can purge
 */
export function preparePurge(): boolean {
  purge ??= findPurge(getAllocator())
  return purge !== null
}

/**
 * glibc's `malloc_trim(0)`: returns the free pages of all its arenas to the system, without a garbage collection before.
 *
 * @returns true when glibc says that it returned memory; false when it had none to return, when glibc's allocator is not
 *   the one in use, and where koffi or the function is missing
 */
export function tryMallocTrim(): boolean {
  return getAllocator() === 'glibc' && preparePurge() && purge?.() === true
}

function findPurge(allocator: AllocatorName): Purge | null {
  const found = PURGES[allocator]?.() ?? null
  if (!found && isNativeAvailable()) {
    warnOnce(
      `the allocator of this process (${allocator}) has no known function that returns free pages: a memory cleanup ` +
        'collects garbage and does no more',
    )
  }
  return found
}

const PURGES: Partial<Record<AllocatorName, () => Purge | undefined>> = {
  glibc: () => {
    const trim = findNativeFunction('int malloc_trim(size_t pad)')
    return trim && (() => trim(0) === 1)
  },
  jemalloc: () => {
    const control = findNativeFunction('int mallctl(const char *name, void *, void *, void *, size_t)')
    if (!control) return undefined
    return () => {
      // This thread's cache first: what lies in it counts as in use. A build without caches answers ENOENT; no matter.
      control('thread.tcache.flush', null, null, null, 0)
      return control(`arena.${ALL_ARENAS}.purge`, null, null, null, 0) === 0
    }
  },
  mimalloc: () => {
    const collect = findNativeFunction('void mi_collect(bool force)')
    return collect && (() => done(collect(true)))
  },
  tcmalloc: () => {
    const release = findNativeFunction('void MallocExtension_ReleaseFreeMemory()')
    return release && (() => done(release()))
  },
}

/** For functions that return nothing: they were called, and that is all that is known. */
function done(_nothing: unknown): boolean {
  return true
}
