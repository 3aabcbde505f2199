import { type AllocatorName, getAllocator } from './allocator.js'
import { findNativeFunction, isNativeAvailable } from './native.js'
import { warnOnce } from './warn-once.js'

/**
 * Returns the allocator's free pages to the system. True when the allocator says that it returned
 * some, or cannot say.
 */
type Purge = () => boolean

/** MALLCTL_ARENAS_ALL of jemalloc 5, from jemalloc.h. */
const ALL_ARENAS = 4096

let purge: Purge | null | undefined

/**
 * Makes the allocator that is really loaded return its free pages to the system. Blocks the thread:
 * 15 to 65 ms for half a GB.
 *
 * @returns ms that it took, or null where the loaded allocator cannot purge on demand
 */
export function purgeAllocator(): number | null {
  if (!preparePurge()) return null
  const startedMs = performance.now()
  purge?.()
  return performance.now() - startedMs
}

/**
 * Finds out once how to purge, and warns once when there is no way. Call it ahead of a reading, so
 * that the memory that koffi takes is not part of it.
 *
 * @returns whether this process can purge
 */
export function preparePurge(): boolean {
  purge ??= findPurge(getAllocator())
  return purge !== null
}

/**
 * Calls glibc's `malloc_trim(0)`, which returns the free pages of all its arenas to the system. It
 * does not collect garbage first.
 *
 * @returns true when glibc says that it returned memory; false when it had none to return, when
 *   glibc's allocator is not the one in use, and where koffi or the function is missing
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
      // Flush this thread's cache first, since what is in it counts as in use. A build without
      // caches answers ENOENT, which is harmless.
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

/** Returns true for functions that return nothing: it is only known that they were called. */
function done(_nothing: unknown): boolean {
  return true
}
