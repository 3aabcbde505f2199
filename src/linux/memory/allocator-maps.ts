import { type Pid, PROC } from '../files/proc-file.js'
import { readSharedFile } from '../threads/living-thread.js'

export type AllocatorName = 'glibc' | 'jemalloc' | 'mimalloc' | 'tcmalloc' | 'unknown'

/**
 * Patterns for the mapped files. glibc comes last: its library stays mapped under each of the
 * others.
 */
const LIBRARIES: readonly [AllocatorName, RegExp][] = [
  ['jemalloc', /\/libjemalloc[^/]*\.so/],
  ['mimalloc', /\/libmimalloc[^/]*\.so/],
  ['tcmalloc', /\/libtcmalloc[^/]*\.so/],
  ['glibc', /\/libc(-[\d.]+)?\.so(\.6)?$/m],
]

/** Pattern for glibc's loader, which is mapped with the program; libraries follow. */
const LOADER = /\/ld(-linux[^/]*|-[\d.]+|64)\.so[.\d]*$/m

/**
 * Returns the allocator that is really loaded, from the libraries in /proc/PID/maps. LD_PRELOAD
 * does not prove it, since the loader only warns of a file that does not exist. Returns `unknown`
 * for a static or musl program, and null where the maps cannot be read or the loader has not mapped
 * the libraries yet.
 */
export function loadedAllocator(pid: Pid, proc = PROC): AllocatorName | null {
  const file = readSharedFile(pid, 'maps', proc)
  if (file.kind !== 'read' || file.text === '') return null
  return LIBRARIES.find(([, library]) => library.test(file.text))?.[0] ?? (LOADER.test(file.text) ? null : 'unknown')
}
