import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importRecording } from '../../../src/recording/formats/imported-recording.js'
import { openRecording } from '../../../src/recording/formats/open-recording.js'
import { UsageError } from '../../../src/shared/errors.js'
import { temporaryFolder } from '../../temporary-folder.js'

const MIB = 2 ** 20

function fileOf(text: string): string {
  const file = join(temporaryFolder(), 'some-file')
  writeFileSync(file, text)
  return file
}

function readings(text: string, column?: string): [number, number | null][] {
  const events = [...openRecording(fileOf(text), { column }).events()]
  return events.flatMap((event) => (event.kind === 'reading' ? [[event.timeMs, event.rssBytes]] : []))
}

describe("psrecord's logs", () => {
  test('the plain one is recognized by its header; its MB are MiB', () => {
    const header = '# Elapsed time   CPU (%)     Real (MB)   Virtual (MB)'
    const rows = [
      '       0.000        0.000       12.500       25.000',
      '       0.107       98.200       13.004       25.000',
    ]
    const file = fileOf(`${[header, ...rows].join('\n')}\n`)
    expect(openRecording(file).format).toBe('psrecord')
    expect(readings(`${[header, ...rows].join('\n')}\n`)).toEqual([
      [0, 12.5 * MIB],
      [107, 3329 * 4096],
    ])
  })

  test('with input and output counted, four more columns follow', () => {
    const text =
      '# Elapsed time   CPU (%)     Real (MB)   Virtual (MB)   Read count   Write count  Read bytes   Write bytes\n       0.000        0.000        1.000        2.000           10            2         4096            0\n'
    expect(readings(text)).toEqual([[0, MIB]])
  })

  test('the CSV one is read like any CSV', () => {
    const text = 'elapsed_time,nproc,cpu,mem_real,mem_virtual\n0.000,1,0.0,12.500,25.000\n0.100,2,99.0,13.000,25.000\n'
    expect(readings(text)).toEqual([
      [0, 12.5 * MIB],
      [100, 13 * MIB],
    ])
  })

  test('a broken row is refused', () => {
    expect(() => readings('# Elapsed time   CPU (%)     Real (MB)   Virtual (MB)\n 0.0 1.0 x 2.0\n')).toThrow(
      /line 2: found " 0.0 1.0 x 2.0", expected elapsed seconds, CPU %, real MB and virtual MB/,
    )
  })
})

describe('CSV', () => {
  test.each([
    ['time,rss\n0,1.5\n', [[0, 1.5 * MIB]]],
    ['time_ms,rss_bytes\n250,4096\n', [[250, 4096]]],
    ['time [ms],rss [KiB]\n250,4\n', [[250, 4096]]],
    ['"elapsed (min)";"rss (MB)"\n1;2\n', [[60_000, 2_000_000]]],
    ['time\trss_gib\n0\t1.5\n', [[0, 1.5 * 2 ** 30]]],
    ['\ufefftime,heap\r\n1,2\r\n', [[1000, 2 * MIB]]],
    [
      'timestamp,note,rss\n2026-11-23T20:48:23.500Z,"a ""b"", c",3\n',
      [[Date.UTC(2026, 10, 23, 20, 48, 23, 500), 3 * MIB]],
    ],
    [
      'time,rss\n0,\n1,NaN\n2,1e2\n',
      [
        [0, null],
        [1000, null],
        [2000, 100 * MIB],
      ],
    ],
  ])('%j', (text, expected) => expect(readings(text)).toEqual(expected))

  test('--column names the column of memory where there are several', () => {
    expect(readings('time,server,client_bytes\n0,1,4096\n', 'client_bytes')).toEqual([[0, 4096]])
  })

  test('a table of rounds has the RSS at the end of each, and no times', () => {
    const recording = importRecording(fileOf('round,rss\n1,100\n2,110.5\n'))
    expect(recording.series).toEqual([])
    expect(recording.rounds.map(({ round, startMs, endRssBytes }) => [round, startMs, endRssBytes])).toEqual([
      [1, null, 100 * MIB],
      [2, null, 110.5 * MIB],
    ])
  })

  test.each([
    ['seconds,a,b\n', 'line 1: found the columns "a", "b", expected a column "rss"'],
    ['a,b\n1,2\n', 'line 1: found the columns "a", "b", expected a column "time" or "round"'],
    ['time,rss\n0,1\n1,many\n', 'line 3: found "1,many", expected a number of at least 0, or nothing, for "rss"'],
    ['time,rss\n0,-1\n', 'line 2: found "0,-1", expected a number of at least 0'],
    ['time,rss\n0\n', 'line 2: found "0", expected a number of at least 0, or nothing, for "rss"'],
    ['time,rss\nnow,1\n', 'line 2: found "now,1", expected a time'],
    ['time,rss\n5,1\n4,1\n', 'line 3: found "4,1", expected a time that does not go back'],
    ['round,rss\n1.5,1\n', 'line 2: found "1.5,1", expected the whole number of a round'],
    ['time,rss\n0,"1\n', 'line 2: found "0,"1", expected every quote closed'],
  ])('%j is refused', (text, message) => {
    expect(() => readings(text)).toThrow(UsageError)
    expect(() => readings(text)).toThrow(message)
  })

  test('a column that is not there is refused with those that are', () => {
    expect(() => readings('time,rss\n0,1\n', 'pss')).toThrow('expected a column "pss", as --column asks')
  })
})

describe('what is no recording', () => {
  test.each([
    ['', 'is empty, expected a recording'],
    ['hello\n', 'line 1: found "hello", expected a recording: a .dat file of mprof'],
    [`${'x'.repeat(2_000_000)}`, 'without a newline, expected text'],
  ])('is refused with what would be one', (text, message) => {
    expect(() => readings(text)).toThrow(message)
  })

  test('a path that leads nowhere, and a folder without a recording', () => {
    expect(() => openRecording('/no/such/file')).toThrow('there is no file or folder /no/such/file')
    expect(() => [...openRecording(temporaryFolder()).events()]).toThrow('holds no recording')
  })
})

test('the columns of a long series grow and keep every reading', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => `${i},${i}`)
  const [series] = importRecording(fileOf(`time,rss\n${rows.join('\n')}\n`)).series
  expect(series!.timesMs.length).toBe(5000)
  expect([...series!.rssBytes.subarray(4998)]).toEqual([4998 * MIB, 4999 * MIB])
  expect(series!.timesMs.at(-1)).toBe(4_999_000)
})
