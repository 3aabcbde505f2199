import { existsSync } from 'node:fs'

const FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib', '/usr/local/lib']

export const ALLOCATOR_LIBRARIES = {
  jemalloc: ['libjemalloc.so.2'],
  mimalloc: ['libmimalloc.so.2', 'libmimalloc.so.2.0'],
  tcmalloc: ['libtcmalloc_minimal.so.4', 'libtcmalloc.so.4'],
}

/** The installed library of an allocator, to be preloaded. */
export function findAllocatorLibrary(allocator: keyof typeof ALLOCATOR_LIBRARIES): string | undefined {
  return FOLDERS.flatMap((folder) => ALLOCATOR_LIBRARIES[allocator].map((file) => `${folder}/${file}`)).find(existsSync)
}
