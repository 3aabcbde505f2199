import { type AllocatorName, loadedAllocator } from '../linux/memory/allocator-maps.js'
import { findNativeFunction, isNativeAvailable } from './native.js'

export type { AllocatorName }

/** A function that only this allocator brings. glibc comes last: it stays callable when another one has been preloaded. */
const TELLTALES: readonly [AllocatorName, string][] = [
  ['jemalloc', 'int mallctl(const char *name, void *, void *, void *, size_t)'],
  ['mimalloc', 'int mi_version()'],
  ['tcmalloc', 'const char *tc_version(void *, void *, void *)'],
  ['glibc', 'const char *gnu_get_libc_version()'],
]

let found: AllocatorName | undefined

/**
 * The allocator that serves `malloc` in this process, by the functions that it brings along. What LD_PRELOAD asked for
 * does not tell: the loader passes over a library that it cannot find. Without koffi the libraries mapped into the
 * process are looked at instead, which misses an allocator linked into the program itself.
 *
 * @returns `unknown` on musl, on other systems than Linux, and with any other allocator
 */
export function getAllocator(): AllocatorName {
  found ??= isNativeAvailable() ? findByFunction() : (loadedAllocator('self') ?? 'unknown')
  return found
}

function findByFunction(): AllocatorName {
  return TELLTALES.find(([, declaration]) => findNativeFunction(declaration) !== undefined)?.[0] ?? 'unknown'
}
