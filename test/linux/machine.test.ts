import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { loadedAllocator } from '../../src/linux/allocator-maps.js'
import { readMachineFacts } from '../../src/linux/machine.js'
import { readSharedMemory } from '../../src/linux/smaps-rollup.js'

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

test('pages of this process alone are no more than its proportional share', () => {
  const { pssBytes, ussBytes } = readSharedMemory('self')!
  expect(ussBytes).toBeGreaterThan(10_000_000)
  expect(pssBytes).toBeGreaterThanOrEqual(ussBytes)
})
