import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeExampleRecording } from '../recording/example-recording.js'
import { writeExampleComparison } from '../report/write-example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const MPROF_FILE = 'test/fixtures/samples/mprof_plain.dat'

test('clean removes what list shows and what mprof left beside it, and nothing else; --dry-run only says so', async () => {
  const cwd = temporaryFolder()
  copyFileSync(MPROF_FILE, join(cwd, 'mprofile_20250101000000.dat'))
  writeFileSync(join(cwd, 'mprofile_20250101000000_ts.dat'), '')
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  copyFileSync(MPROF_FILE, join(cwd, 'keep.dat'))
  const names = ['mprofile_20250101000000.dat', 'mprofile_20250101000000_ts.dat', 'tidemark-20261123204305']
  expect(await runTidemark(['clean', '--dry-run'], { cwd })).toMatchObject({
    code: 0,
    stdout: names.map((name) => `would remove ${name}\n`).join(''),
  })
  expect(readdirSync(cwd)).toHaveLength(4)
  expect(await runTidemark(['clean'], { cwd })).toMatchObject({
    code: 0,
    stdout: names.map((name) => `removed ${name}\n`).join(''),
  })
  expect(readdirSync(cwd)).toEqual(['keep.dat'])
})

test('clean leaves what the user named and comparisons, and says so; --all takes them', async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  writeExampleRecording(join(cwd, 'before'))
  writeExampleComparison(join(cwd, 'runs', 'fedavg-1'), { trials: 1, rounds: 4 })
  mkdirSync(join(cwd, 'src'))
  expect(await runTidemark(['clean'], { cwd })).toMatchObject({
    code: 0,
    stdout: 'removed tidemark-20261123204305\n',
    stderr: 'left: before, runs/fedavg-1. --all removes them too.\n',
  })
  expect(await runTidemark(['clean', '--all'], { cwd })).toMatchObject({
    code: 0,
    stdout: 'removed before\nremoved runs/fedavg-1\n',
  })
  expect(readdirSync(cwd).sort()).toEqual(['runs', 'src'])
})

test('where there is nothing to remove, clean says so', async () => {
  expect(await runTidemark(['clean'], { cwd: temporaryFolder() })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'the current folder holds no recording\n',
  })
})
