import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asOnlyWriter } from '../../src/comparison/run/writer-lock.js'
import { writeExampleRecording } from '../recording/example-recording.js'
import { writeExampleComparison } from '../report/write-example-comparison.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

function folderOfRecordings(): string {
  const cwd = temporaryFolder()
  copyFileSync('test/fixtures/samples/mprof_plain.dat', join(cwd, 'mprofile_20250101000000.dat'))
  writeFileSync(join(cwd, 'mprofile_20250101000000_ts.dat'), '')
  writeExampleRecording(join(cwd, 'tidemark-20261123204305'))
  return cwd
}

test('rm removes by index what it names, and --dry-run only says so', async () => {
  const cwd = folderOfRecordings()
  expect(await runTidemark(['rm', '-1', '--dry-run'], { cwd })).toMatchObject({
    code: 0,
    stdout: 'would remove tidemark-20261123204305\n',
  })
  expect(readdirSync(cwd)).toHaveLength(3)
  expect(await runTidemark(['rm', '-1'], { cwd })).toMatchObject({
    code: 0,
    stdout: 'removed tidemark-20261123204305\n',
  })
  expect(readdirSync(cwd)).toEqual(['mprofile_20250101000000.dat', 'mprofile_20250101000000_ts.dat'])
})

test("a file of mprof goes with the time stamps beside it, as mprof's rm has it", async () => {
  const cwd = folderOfRecordings()
  expect(await runTidemark(['rm', './mprofile_20250101000000.dat'], { cwd })).toMatchObject({ code: 0 })
  expect(readdirSync(cwd)).toEqual(['tidemark-20261123204305'])
})

describe('rm removes no recording when one of those named must not go', () => {
  test.each([
    [
      'a folder that holds none',
      'other',
      'other is no recording and no comparison: there is no recording.json or comparison.json in it',
    ],
    ['a table', 'table.csv', 'table.csv is a table, and not a recording'],
    ['some other file', 'notes.txt', 'notes.txt, line 1: found "hello", expected a recording'],
    ['a path that leads nowhere', 'nothing', 'there is no file or folder nothing'],
    ['a folder with a file of the user', 'mixed', 'mixed holds what no recorder wrote: thesis.tex'],
    ['a recording that is being made', 'running', 'running is still being recorded'],
  ])('%s', async (_what, name, message) => {
    const cwd = folderOfRecordings()
    mkdirSync(join(cwd, 'other'))
    writeFileSync(join(cwd, 'table.csv'), 'time,rss\n0,1\n')
    writeFileSync(join(cwd, 'notes.txt'), 'hello\n')
    writeExampleRecording(join(cwd, 'mixed'))
    writeFileSync(join(cwd, 'mixed', 'thesis.tex'), '')
    writeExampleRecording(join(cwd, 'running'), { state: 'running', endedMs: null })
    const finished = await runTidemark(['rm', '0', name], { cwd })
    expect(finished).toMatchObject({ code: 2, stdout: '' })
    expect(finished.stderr).toContain(message)
    expect(existsSync(join(cwd, 'mprofile_20250101000000.dat'))).toBe(true)
  })
})

test('a recording whose recorder was killed can be removed, and --force removes the others', async () => {
  const cwd = temporaryFolder()
  writeExampleRecording(join(cwd, 'killed'), { state: 'running', endedMs: null })
  utimesSync(join(cwd, 'killed', 'samples.ndjson'), 0, 0)
  writeExampleRecording(join(cwd, 'mixed'))
  writeFileSync(join(cwd, 'mixed', 'thesis.tex'), '')
  expect(await runTidemark(['rm', 'killed'], { cwd })).toMatchObject({ code: 0 })
  expect(await runTidemark(['rm', 'mixed', '--force'], { cwd })).toMatchObject({ code: 0 })
  expect(readdirSync(cwd)).toEqual([])
})

test('of a link to a recording only the link goes', async () => {
  const cwd = folderOfRecordings()
  symlinkSync('tidemark-20261123204305', join(cwd, 'link'))
  expect(await runTidemark(['rm', 'link'], { cwd })).toMatchObject({ code: 0 })
  expect(readdirSync(cwd)).toContain('tidemark-20261123204305')
  expect(readdirSync(cwd)).not.toContain('link')
})

describe('of a comparison', () => {
  const inRuns = () => {
    const cwd = temporaryFolder()
    const { trials } = writeExampleComparison(join(cwd, 'runs', 'fedavg-1'), { trials: 1, rounds: 4 })
    return { cwd, trial: join('runs', 'fedavg-1', trials[0]!.folder) }
  }

  test('rm takes all of it, with its report', async () => {
    const { cwd } = inRuns()
    writeFileSync(join(cwd, 'runs/fedavg-1/report.html'), '')
    expect(await runTidemark(['rm', 'runs/fedavg-1'], { cwd })).toMatchObject({
      code: 0,
      stdout: 'removed runs/fedavg-1\n',
    })
    expect(readdirSync(join(cwd, 'runs'))).toEqual([])
  })

  test('rm takes no part of it without --force, from wherever the part is named', async () => {
    const { cwd, trial } = inRuns()
    const refused = await runTidemark(['rm', trial], { cwd })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(`${trial} is a part of the comparison runs/fedavg-1\n`)
    expect(refused.stderr).toContain('tidemark rm runs/fedavg-1')
    const inside = await runTidemark(['rm', trial.slice(trial.lastIndexOf('/') + 1)], { cwd: join(cwd, trial, '..') })
    expect(inside).toMatchObject({ code: 2, stdout: '' })
    expect(existsSync(join(cwd, trial))).toBe(true)
    expect(await runTidemark(['rm', trial, '--force'], { cwd })).toMatchObject({ code: 0 })
    expect(existsSync(join(cwd, trial))).toBe(false)
  })

  test('rm leaves one with a file of the user, and one that a living process writes', async () => {
    const { cwd } = inRuns()
    writeFileSync(join(cwd, 'runs/fedavg-1/thesis.tex'), '')
    const foreign = await runTidemark(['rm', 'runs/fedavg-1'], { cwd })
    expect(foreign).toMatchObject({ code: 2, stdout: '' })
    expect(foreign.stderr).toContain('runs/fedavg-1 holds files that no comparison wrote: thesis.tex')
    rmSync(join(cwd, 'runs/fedavg-1/thesis.tex'))
    await asOnlyWriter(join(cwd, 'runs/fedavg-1'), async () => {
      const running = await runTidemark(['rm', 'runs/fedavg-1'], { cwd })
      expect(running).toMatchObject({ code: 2, stdout: '' })
      expect(running.stderr).toContain(`runs/fedavg-1 still runs: it is being written by pid ${process.pid}`)
    })
  })
})

test('rm without a name says what it needs', async () => {
  const finished = await runTidemark(['rm'], { cwd: temporaryFolder() })
  expect(finished).toMatchObject({ code: 2 })
  expect(finished.stderr).toBe('tidemark: rm: no recording was named\n  Name an index or a path: tidemark rm -1\n')
})
