import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resetPeak } from '../../src/linux/memory/peak.js'
import { readSelfMemory } from '../../src/linux/process/process-status.js'
import { MIB } from '../../src/shared/units.js'
import { temporaryFolder } from '../temporary-folder.js'

test('after a reset the peak holds what was allocated since, and no longer what was allocated before', () => {
  let block: Buffer | undefined = Buffer.alloc(128 * MIB, 1)
  const high = readSelfMemory().peakBytes
  block = undefined
  globalThis.gc!()
  globalThis.gc!({ type: 'minor' })
  expect(resetPeak('self')).toBe(true)
  block = Buffer.alloc(32 * MIB, 1)
  const { peakBytes, rssBytes } = readSelfMemory()
  expect(block.length).toBe(32 * MIB)
  expect(high - peakBytes).toBeGreaterThan(64 * MIB)
  expect(peakBytes).toBeGreaterThanOrEqual(rssBytes)
})

test('where the kernel refuses, or the process is gone, a reset says that it did not happen', () => {
  const proc = temporaryFolder()
  mkdirSync(join(proc, '7', 'clear_refs'), { recursive: true })
  expect(resetPeak(7, proc)).toBe(false)
  expect(resetPeak(8, proc)).toBe(false)
})
