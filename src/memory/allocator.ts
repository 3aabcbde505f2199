import { type AllocatorName, loadedAllocator } from '../linux/memory/allocator-maps.js'
import { findNativeFunction, isNativeAvailable } from './native.js'

export type { AllocatorName }

/**
 * Functions that only one allocator provides. glibc comes last: it stays callable when another
 * allocator has been preloaded.
 */
const TELLTALES: readonly [AllocatorName, string][] = [
  ['jemalloc', 'int mallctl(const char *name, void *, void *, void *, size_t)'],
  ['mimalloc', 'int mi_version()'],
  ['tcmalloc', 'const char *tc_version(void *, void *, void *)'],
  ['glibc', 'const char *gnu_get_libc_version()'],
]

let found: AllocatorName | undefined

/**
 * Returns the allocator that serves `malloc` in this process, recognised by its functions.
 * LD_PRELOAD does not prove it, since the loader skips a library that it cannot find. Without koffi
 * this looks at the libraries mapped into the process, which misses an allocator linked into the
 * program itself.
 *
 * @returns `unknown` on musl, on systems other than Linux, and with any other allocator
 */
export function getAllocator(): AllocatorName {
  found ??= isNativeAvailable() ? findByFunction() : (loadedAllocator('self') ?? 'unknown')
  return found
}

function findByFunction(): AllocatorName {
  return TELLTALES.find(([, declaration]) => findNativeFunction(declaration) !== undefined)?.[0] ?? 'unknown'
}
