import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { ALLOCATOR_LIBRARIES, findAllocator } from '../shared/allocator-library.js'
import type { Finding } from './finding.js'
import { installCommand } from './install-command.js'
import { runQuietly } from './run-quietly.js'

/**
 * Examines glibc and the allocators that can be preloaded in its place. One counts only after it
 * was really loaded into a process.
 */
export function findAllocators(glibc: string | null): Finding[] {
  const own: Finding = {
    group: 'allocators',
    name: 'glibc',
    ...(glibc === null
      ? { state: 'missing', found: 'another C library', means: 'malloc_trim and MALLOC_ARENA_MAX do nothing here' }
      : { state: 'ok', found: glibc }),
  }
  return [own, ...(Object.keys(ALLOCATOR_LIBRARIES) as (keyof typeof ALLOCATOR_LIBRARIES)[]).map(preloaded)]
}

function preloaded(name: keyof typeof ALLOCATOR_LIBRARIES): Finding {
  const finding = { group: 'allocators', name } as const
  const path = findAllocator(name)
  if (path === undefined) {
    const install = installCommand(name)
    const means = `--allocator ${name} cannot be compared`
    return {
      ...finding,
      state: 'missing',
      found: 'no library of its name',
      means,
      ...(install !== undefined && { install }),
    }
  }
  const real = realpathSync(path)
  const maps = runQuietly('/bin/cat', ['/proc/self/maps'], { LD_PRELOAD: path })
  if (maps === undefined || !maps.includes(real))
    return {
      ...finding,
      state: 'broken',
      found: 'the loader does not take it',
      path,
      means: `--allocator ${name} would fail`,
    }
  return {
    ...finding,
    state: 'ok',
    found:
      VERSIONS[name](path) ??
      basename(real)
        .replace(/^lib|\.so/g, ' ')
        .trim(),
    path,
  }
}

/**
 * Reads the version of each allocator inside a process that has it loaded; each has its own way to
 * report it.
 */
const VERSIONS: Record<keyof typeof ALLOCATOR_LIBRARIES, (path: string) => string | undefined> = {
  jemalloc: (path) => {
    const statistics = runQuietly('true', [], { LD_PRELOAD: path, MALLOC_CONF: 'stats_print:true' })
    return /^Version: "([^"-]+)/m.exec(statistics ?? '')?.[1]
  },
  mimalloc: (path) => {
    const version = call(path, 'int mi_version()')
    return version === undefined ? undefined : [...version].join('.')
  },
  tcmalloc: (path) => call(path, 'const char *tc_version(void *, void *, void *)'),
}

/**
 * Calls a function through koffi in a process of its own, with null for every out parameter.
 * Returns undefined without koffi.
 */
function call(path: string, declaration: string): string | undefined {
  const parameters = declaration.includes('()') ? 0 : declaration.split(',').length
  const script = `
    const found = require(process.argv[1]).load(null).func(process.argv[2])
    console.log(String(found(...Array(${parameters}).fill(null))))`
  const koffi = createRequire(import.meta.url).resolve('koffi')
  return runQuietly(process.execPath, ['-e', script, koffi, declaration], { LD_PRELOAD: path })?.trim()
}
