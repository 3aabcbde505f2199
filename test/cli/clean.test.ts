import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeExampleRecording } from '../recording/example-recording.js'
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

test('where there is nothing to remove, clean says so', async () => {
  expect(await runTidemark(['clean'], { cwd: temporaryFolder() })).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'the current folder holds no recording\n',
  })
})
