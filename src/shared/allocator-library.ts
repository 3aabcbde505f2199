import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from './errors.js'

/** Names of the library's file, the preferred first, and the Debian package that has it. */
export const ALLOCATOR_LIBRARIES = {
  jemalloc: { files: [/^libjemalloc\.so\.\d+$/, /^libjemalloc\.so$/], package: 'libjemalloc2' },
  mimalloc: { files: [/^libmimalloc\.so\.\d+(\.\d+)?$/, /^libmimalloc\.so$/], package: 'libmimalloc2.0' },
  tcmalloc: {
    files: [/^libtcmalloc_minimal\.so\.\d+$/, /^libtcmalloc\.so\.\d+$/, /^libtcmalloc(_minimal)?\.so$/],
    package: 'libtcmalloc-minimal4',
  },
} satisfies Record<string, { files: RegExp[]; package: string }>

/** Where Debian, Red Hat, Alpine and a local build put libraries. */
const FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/local/lib',
  '/usr/local/lib64',
  '/usr/lib',
]

/**
 * The file to preload for an allocator; undefined for glibc, which is there anyway.
 *
 * @throws UsageError that names the package to install when the machine has none
 */
export function allocatorLibrary(allocator: string): string | undefined {
  if (allocator === 'glibc') return undefined
  const found = findAllocator(allocator)
  if (found !== undefined) return found
  const library = ALLOCATOR_LIBRARIES[allocator as keyof typeof ALLOCATOR_LIBRARIES]
  throw new UsageError(`the allocator ${allocator} is not installed: no library of its name in ${FOLDERS.join(', ')}`, {
    fix: `On Debian: apt-get install ${library.package} (tidemark doctor knows other systems). Or leave it out of --allocator.`,
  })
}

/** The same without an error: undefined when the machine has none. */
export function findAllocator(allocator: string): string | undefined {
  return findFile(ALLOCATOR_LIBRARIES[allocator as keyof typeof ALLOCATOR_LIBRARIES].files)
}

function findFile(names: readonly RegExp[]): string | undefined {
  const present = FOLDERS.filter((folder) => existsSync(folder)).map((folder) => ({
    folder,
    files: readdirSync(folder).sort(),
  }))
  for (const name of names) {
    for (const { folder, files } of present) {
      const file = files.find((one) => name.test(one))
      if (file !== undefined) return join(folder, file)
    }
  }
  return undefined
}
