import { copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeExampleRecording } from '../recording/example-recording.js'
import { exampleSettings } from '../report/example-comparison.js'
import { writeExampleComparison } from '../report/write-example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

test('recordings of Tidemark and mprof are listed together by the time in their names, the oldest first', async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  copyFileSync('test/fixtures/samples/mprof_plain.dat', join(cwd, 'mprofile_20261123204945.dat'))
  copyFileSync('test/fixtures/samples/mprof_profile_funcs.dat', join(cwd, 'mprofile_20250101000000.dat'))
  const { code, stdout, stderr } = await runTidemark(['list'], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe(
    [
      '0  mprofile_20250101000000.dat  2025-01-01 00:00:00  1.4 KiB  /usr/bin/python3 ../mprof/prof_target.py',
      "1  tidemark-20261123204305      2026-11-23 20:43:05  2.0 s    python3 'my server.py'",
      '2  mprofile_20261123204945.dat  2026-11-23 20:49:45  956 B    /usr/bin/python3 ../mprof/spiky.py 3',
      '',
    ].join('\n'),
  )
})

test('what has another name or holds no recording is not listed; what is broken is, as broken', async () => {
  const cwd = temporaryFolder()
  writeFileSync(join(cwd, 'mprofile_1.dat'), 'CMDLINE a\n')
  writeFileSync(join(cwd, 'results.dat'), 'CMDLINE a\n')
  mkdirSync(join(cwd, 'tidemark-20261123204305'))
  mkdirSync(join(cwd, 'tidemark-20261123204306'))
  writeFileSync(join(cwd, 'tidemark-20261123204306', 'recording.json'), '{')
  writeFileSync(join(cwd, 'mprofile_20261123204307.dat'), 'MEM x\n')
  const { code, stdout } = await runTidemark(['list', '--json'], { cwd })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual([
    expect.objectContaining({ index: 0, name: 'tidemark-20261123204306', state: 'broken' }),
    expect.objectContaining({ index: 1, name: 'mprofile_20261123204307.dat', state: 'broken' }),
  ])
})

test('recordings with a name of their own have an index, and comparisons here and in runs/ are listed by their folder', async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'before'))
  writeExampleRecording(join(cwd, 'tidemark-20271123204305'))
  const shape = { settings: exampleSettings().slice(0, 2), trials: 2, rounds: 4 }
  writeExampleComparison(join(cwd, 'runs', 'fedavg-1'), shape)
  writeExampleComparison(join(cwd, 'named'), shape, {
    state: 'running',
    createdMs: Date.UTC(2027, 0, 1),
    updatedMs: Date.UTC(2027, 0, 1, 0, 1),
  })
  mkdirSync(join(cwd, 'runs', 'all-1'))
  writeFileSync(join(cwd, 'runs', 'all-1', 'suite.json'), '{"format":"tidemark-suite/1","plans":[]}')
  writeExampleComparison(join(cwd, 'runs', 'all-1', 'fedavg'), shape)
  utimesSync(join(cwd, 'runs', 'all-1'), new Date(2030, 0), new Date(2030, 0))
  const { code, stdout } = await runTidemark(['list'], { cwd })
  expect(code).toBe(0)
  expect(stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')).toBe(
    [
      "0  before                   TIME  2.0 s       python3 'my server.py'",
      "1  tidemark-20271123204305  TIME  2.0 s       python3 'my server.py'",
      '-  runs/fedavg-1            TIME  4 min 00 s  fedavg: 2 settings, 4 of 4 trials',
      '-  named                    TIME  1 min 00 s  (was cut off) fedavg: 2 settings, 4 of 4 trials',
      '-  runs/all-1               TIME              1 comparison of a suite',
      '',
    ].join('\n'),
  )
})

test('an empty folder is reported as empty', async () => {
  const finished = await runTidemark(['list'], { cwd: temporaryFolder() })
  expect(finished).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'the current folder holds no recording and no comparison\n',
  })
})
