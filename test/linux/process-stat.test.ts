import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive, readProcessStat } from '../../src/linux/process/process-stat.js'
import { readZombieExit } from '../../src/linux/process/zombie-exit.js'
import { temporaryFolder } from '../temporary-folder.js'

const STAT = '7 (a (odd) name) S 1 7 5 0 -1 4194304 104 0 0 0 0 0 0 0 20 0 1 0 123456 3133440 406 18446744073709551615'

function procWith(text: string): string {
  const proc = temporaryFolder()
  mkdirSync(join(proc, '7'))
  writeFileSync(join(proc, '7', 'stat'), text)
  return proc
}

test('a name with blanks and brackets does not shift the fields', () => {
  expect(readProcessStat(7, procWith(STAT))).toEqual({
    isForkCopy: false,
    kind: 'read',
    pid: 7,
    name: 'a (odd) name',
    state: 'S',
    parentPid: 1,
    groupId: 7,
    sessionId: 5,
    startTicks: 123_456,
  })
})

test('a pid that was given to another process, and a zombie, are not alive', () => {
  expect(isAlive({ pid: 7, startTicks: 123_456 }, procWith(STAT))).toBe(true)
  expect(isAlive({ pid: 7, startTicks: 123_455 }, procWith(STAT))).toBe(false)
  expect(isAlive({ pid: 7, startTicks: 123_456 }, procWith(STAT.replace(' S ', ' Z ')))).toBe(false)
  expect(isAlive({ pid: 8, startTicks: 123_456 }, procWith(STAT))).toBe(false)
})

test.each([
  [256, { code: 1, signal: null }],
  [139, { code: null, signal: 'SIGSEGV' }], // with a core dump
  [9, { code: null, signal: 'SIGKILL' }],
])('the status %d of a zombie is read as waitpid would tell it', (status, exit) => {
  const fields = [...'1 7 5 0 -1 4194304 104 0 0 0 0 0 0 0 20 0 1 0 123456'.split(' '), ...Array(29).fill('0'), status]
  const proc = procWith(`7 (a) Z ${fields.join(' ')}\n`)
  expect(readZombieExit({ pid: 7, startTicks: 123_456 }, proc)).toEqual(exit)
  expect(readZombieExit({ pid: 7, startTicks: 123_457 }, proc)).toBeNull()
  expect(readZombieExit({ pid: 7, startTicks: 123_456 }, procWith(STAT))).toBeNull()
})
