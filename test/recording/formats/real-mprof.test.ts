import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importRecording } from '../../../src/recording/formats/imported-recording.js'
import { openRecording } from '../../../src/recording/formats/open-recording.js'
import { writeMprofFile } from '../../../src/recording/formats/write-mprof-file.js'
import { MPROF, needs } from '../../optional-parts.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { MIB, STARTED_MS, writeExampleRecording } from '../example-recording.js'

const mprof = (...args: string[]) =>
  execFileSync(MPROF, args, { encoding: 'utf8', env: { ...process.env, MPLBACKEND: 'Agg' } })

function exported(): { folder: string; file: string } {
  const folder = join(temporaryFolder(), 'tidemark-20261123204305')
  writeExampleRecording(folder)
  const file = join(temporaryFolder(), 'mprofile_20261123204305.dat')
  writeMprofFile(folder, file)
  return { folder, file }
}

describe('a recording written for mprof', needs('mprof'), () => {
  test('mprof peak tells the highest sum, and the highest reading of each process', () => {
    const { file } = exported()
    expect(mprof('peak', file)).toBe(
      `${file}\t240.000 MiB\n  Child 100\t\t\t200.000 MiB\n  Child 101\t\t\t40.000 MiB\n`,
    )
  })

  test('mprof plot draws it, also as flames and with its slope', needs('mprof', 'matplotlib'), () => {
    const { file } = exported()
    for (const flags of [[], ['--flame'], ['--slope']]) {
      const image = join(temporaryFolder(), 'plot.png')
      mprof('plot', ...flags, '-o', image, file)
      expect(readFileSync(image).subarray(1, 4).toString()).toBe('PNG')
    }
  })
})

test('a recording that went through a .dat file has the same readings, rounds and exact peaks', () => {
  const { folder, file } = exported()
  const before = importRecording(folder)
  const after = importRecording(file)
  expect(after.command).toBe("python3 'my server.py'")
  expect(after.series.map(({ pid }) => pid)).toEqual([null, 100, 101])
  expect(after.series.map(({ timesMs, rssBytes }) => [timesMs, rssBytes])).toEqual(
    before.series.map(({ timesMs, rssBytes }) => [timesMs, rssBytes]),
  )
  expect(after.rounds).toEqual(before.rounds)
  expect(after.rounds[1]).toEqual({
    kind: 'round',
    round: 2,
    startMs: STARTED_MS + 900,
    endMs: STARTED_MS + 1800,
    process: { pid: 100, role: 'server', name: 'server' },
    peakBytes: 250 * MIB,
    peakKind: 'exact',
    endRssBytes: 110 * MIB,
  })
  expect(after.processes).toEqual(before.processes)
  expect(readFileSync(file, 'utf8')).toContain('\nROUND 1 1795467785.0000 1795467785.9000 {"pid":100,')
})

test('a file that is there is not appended to', () => {
  const { folder, file } = exported()
  expect(() => writeMprofFile(folder, file)).toThrow(`${file} is already there`)
  writeMprofFile(folder, file, { isForced: true })
  expect([...openRecording(file).events()].filter(({ kind }) => kind === 'command')).toHaveLength(1)
})
