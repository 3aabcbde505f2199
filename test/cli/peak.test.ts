import { execFileSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MPROF, needs } from '../optional-parts.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const SAMPLES = ['plain', 'include_children', 'multiprocess', 'profile_funcs', 'funcs_include_children'].map(
  (name) => `test/fixtures/samples/mprof_${name}.dat`,
)

describe('files of mprof', needs('mprof'), () => {
  test.each([[SAMPLES], [[SAMPLES[3]!, '--func', '__main__.grow']], [[SAMPLES[4]!, '--func', '__main__.round_']]])(
    'peak prints what mprof peak prints: %j',
    async (args) => {
      const { code, stdout, stderr } = await runTidemark(['peak', ...args])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toBe(execFileSync(MPROF, ['peak', ...args], { encoding: 'utf8' }))
    },
  )
})

test('a recording of Tidemark has its highest sum and the exact peak of each process', async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  expect(await runTidemark(['peak'], { cwd })).toEqual({
    code: 0,
    signal: null,
    stdout: [
      'tidemark-20261123204305\t240.000 MiB\t(the highest sample of all processes together, at 700 ms)',
      '  server  pid 100\t250.000 MiB exact',
      '  site-1  pid 101\t50.000 MiB exact',
      '',
    ].join('\n'),
    stderr: 'the newest recording: tidemark-20261123204305\n',
  })
})

test('negative indices count from the newest, and a recording is listed once', async () => {
  const cwd = temporaryFolder()
  for (const [index, sample] of SAMPLES.slice(0, 3).entries())
    copyFileSync(sample, join(cwd, `mprofile_2026112320494${index}.dat`))
  const { stdout } = await runTidemark(['peak', '-2', '0', '1'], { cwd })
  expect(stdout).toBe('mprofile_20261123204941.dat\t188.945 MiB\nmprofile_20261123204940.dat\t209.551 MiB\n')
})

test('--json tells bytes', async () => {
  const { stdout } = await runTidemark(['peak', SAMPLES[2]!, '--json'])
  expect(JSON.parse(stdout)).toEqual([
    {
      path: SAMPLES[2],
      format: 'mprof',
      highest: { rssBytes: 27_900 * 4096, timeMs: expect.closeTo(233.4, 1) },
      children: [3252, 3253, 3254].map((pid) => ({ pid, rssBytes: 6813 * 4096 })),
      processes: [],
    },
  ])
})

describe('wrong usage ends with exit code 2 and what would be right', () => {
  test.each([
    [['peak', '7'], 'tidemark: there is no recording 7: the current folder holds none\n'],
    [['peak'], 'tidemark: peak: no recording was named, and the current folder holds none\n'],
    [['peak', 'nothing.dat'], 'tidemark: there is no file or folder nothing.dat\n'],
    [['peak', 'broken.dat'], 'tidemark: broken.dat, line 2: found "MEM 12", expected MEM <MiB> <Unix seconds>\n'],
    [['peak', 'good.dat', '--func', 'f'], 'tidemark: good.dat times no function\n'],
  ])('tidemark %j', async (args, message) => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'broken.dat'), 'CMDLINE a\nMEM 12\n')
    writeFileSync(join(cwd, 'good.dat'), 'CMDLINE a\nMEM 12.0 5.0\n')
    const finished = await runTidemark(args, { cwd })
    expect(finished).toMatchObject({ code: 2, stdout: '' })
    expect(finished.stderr).toContain(message)
  })
})
