import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStatm, type Statm } from '../../src/linux/memory/statm.js'
import { readProcessStatus } from '../../src/linux/process/process-status.js'
import { MIB } from '../../src/shared/units.js'
import { temporaryFolder } from '../temporary-folder.js'

test('a kept-open statm agrees with status, and says gone once the process has ended', async () => {
  const child = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.write('x')
  await once(child.stdout, 'data')
  const statm = openStatm(child.pid!) as Statm
  const status = readProcessStatus(child.pid!)
  if (statm.read() !== 'read' || status.kind !== 'read') throw new Error('cat is running and readable')
  expect(Math.abs(statm.rssBytes - status.rssBytes)).toBeLessThan(MIB)

  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(statm.read()).toBe('gone')
  statm.close()
  expect(openStatm(child.pid!)).toEqual({ kind: 'gone' })
})

test('a zombie, which shows zeros, counts as gone and not as a process of no bytes', () => {
  const proc = temporaryFolder()
  mkdirSync(join(proc, '7'))
  writeFileSync(join(proc, '7', 'statm'), '0 0 0 0 0 0 0\n')
  const statm = openStatm(7, proc) as Statm
  expect(statm.read()).toBe('gone')
  statm.close()
})
