import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readProcessStatus, readSelfMemory } from '../../src/linux/process/process-status.js'
import { temporaryFolder } from '../temporary-folder.js'

test('reads RSS, its parts, the peak and the threads from status, in bytes', () => {
  const proc = temporaryFolder()
  mkdirSync(join(proc, '7'))
  writeFileSync(
    join(proc, '7', 'status'),
    'Name:\tserver\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nRssAnon:\t     512 kB\nRssFile:\t     500 kB\n' +
      'RssShmem:\t      12 kB\nVmSwap:\t       4 kB\nHugetlbPages:\t       8 kB\nThreads:\t3\n',
  )
  expect(readProcessStatus(7, proc)).toEqual({
    kind: 'read',
    pid: 7,
    rssBytes: 1_048_576,
    rssAnonBytes: 524_288,
    rssFileBytes: 512_000,
    rssShmemBytes: 12_288,
    peakBytes: 2_097_152,
    swapBytes: 4096,
    hugetlbBytes: 8192,
    threads: 3,
  })
})

test('a process that does not exist is gone, and so is a zombie, which has no memory lines', () => {
  const proc = temporaryFolder()
  mkdirSync(join(proc, '8'))
  writeFileSync(join(proc, '8', 'status'), 'Name:\tended\nState:\tZ (zombie)\nThreads:\t1\n')
  expect(readProcessStatus(7, proc)).toEqual({ kind: 'gone', pid: 7 })
  expect(readProcessStatus(8, proc)).toEqual({ kind: 'gone', pid: 8 })
})

test('a status that cannot be read says why', () => {
  const proc = temporaryFolder()
  mkdirSync(join(proc, '9', 'status'), { recursive: true })
  expect(readProcessStatus(9, proc)).toEqual({ kind: 'unreadable', pid: 9, code: 'EISDIR' })
})

test('the parts of this process add up to its RSS, which is no higher than its peak', () => {
  const memory = readSelfMemory()
  expect(memory.rssAnonBytes + memory.rssFileBytes + memory.rssShmemBytes).toBe(memory.rssBytes)
  expect(memory.peakBytes).toBeGreaterThanOrEqual(memory.rssBytes)
})

test('where /proc is missing, reading oneself names the file and what is needed', () => {
  expect(() => readSelfMemory('/nowhere')).toThrow("cannot read this process's memory from /nowhere/self/status")
})
