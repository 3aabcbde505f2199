import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readMachineFacts } from '../../src/linux/machine.js'
import { loadedAllocator } from '../../src/linux/memory/allocator-maps.js'
import { readSharedMemory } from '../../src/linux/memory/smaps-rollup.js'
import { temporaryFolder } from '../temporary-folder.js'

test('the facts of this machine agree with what its own tools say', () => {
  const facts = readMachineFacts()
  const ask = (program: string, ...args: string[]) => execFileSync(program, args, { encoding: 'utf8' }).trim()
  expect(facts.kernel).toBe(`Linux ${ask('uname', '-r')}`)
  expect(facts.cores).toBe(Number(ask('nproc')))
  expect(facts.pageSizeBytes).toBe(Number(ask('getconf', 'PAGESIZE')))
  expect(`glibc ${facts.glibc}`).toBe(ask('getconf', 'GNU_LIBC_VERSION'))
  expect(facts.memoryBytes).toBe(Number(ask('getconf', '_PHYS_PAGES')) * facts.pageSizeBytes)
})

test('Node as Debian and nodejs.org build it allocates with glibc', () => {
  expect(loadedAllocator('self')).toBe('glibc')
})

test.each([
  ['/usr/bin/python3.11', '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', null],
  ['/opt/job', '/lib/ld-linux-aarch64.so.1', null],
  ['/bin/busybox', '/lib/ld-musl-x86_64.so.1', 'unknown'],
  ['/opt/static', '[heap]', 'unknown'],
])(
  'the allocator of %s with %s alone in its memory is %s: libraries come after the loader',
  (program, other, found) => {
    const proc = temporaryFolder()
    mkdirSync(join(proc, '7'))
    const line = (file: string) => `55a0c8c00000-55a0c8c20000 r--p 00000000 fe:00 4711 ${file}\n`
    writeFileSync(join(proc, '7/maps'), line(program) + line(other))
    expect(loadedAllocator(7, proc)).toBe(found)
  },
)

test('pages of this process alone are no more than its proportional share', () => {
  const { pssBytes, ussBytes } = readSharedMemory('self')!
  expect(ussBytes).toBeGreaterThan(10_000_000)
  expect(pssBytes).toBeGreaterThanOrEqual(ussBytes)
})
