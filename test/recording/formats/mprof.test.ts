import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOfDecimalMib, decimalMib } from '../../../src/recording/formats/decimal-mib.js'
import { Lines } from '../../../src/recording/formats/lines.js'
import { readMprof } from '../../../src/recording/formats/mprof.js'
import { mprofLines } from '../../../src/recording/formats/mprof-writer.js'
import type { RecordingEvent } from '../../../src/recording/formats/recording-event.js'
import { UsageError } from '../../../src/shared/errors.js'
import { temporaryFolder } from '../../temporary-folder.js'

const SAMPLES = [
  'mprof_plain',
  'mprof_include_children',
  'mprof_multiprocess',
  'mprof_profile_funcs',
  'mprof_funcs_include_children',
].map((name) => `test/fixtures/samples/${name}.dat`)

function read(text: string): RecordingEvent[] {
  const file = join(temporaryFolder(), 'mprofile_20261123204823.dat')
  writeFileSync(file, text)
  return [...readMprof(new Lines(file))]
}

describe('files that mprof wrote', () => {
  test.each(SAMPLES)('%s is the same to the last digit when it is written again', (file) => {
    expect([...mprofLines(readMprof(new Lines(file)))].join('')).toBe(readFileSync(file, 'utf8'))
  })

  test('readings are whole pages in bytes, and times are tenths of a millisecond', () => {
    expect([...readMprof(new Lines(SAMPLES[0]!))].slice(0, 3)).toEqual([
      { kind: 'command', command: '/usr/bin/python3 ../mprof/spiky.py 3' },
      { kind: 'reading', pid: null, timeMs: 1795467785996.4, rssBytes: 1203 * 4096 },
      { kind: 'reading', pid: null, timeMs: 1795467786096.8, rssBytes: 2445 * 4096 },
    ])
  })

  test('children have their own readings, each with its own time', () => {
    const children = [...readMprof(new Lines(SAMPLES[2]!))].filter((event) => event.kind === 'reading' && event.pid)
    expect(children[0]).toEqual({ kind: 'reading', pid: 3252, timeMs: 1795467796673.3, rssBytes: 6813 * 4096 })
    expect(new Set(children.map((event) => event.kind === 'reading' && event.pid))).toEqual(new Set([3252, 3253, 3254]))
  })

  test('a zero at the end is a missing reading: the process had ended', () => {
    const last = [...readMprof(new Lines(SAMPLES[4]!))].at(-1)
    expect(last).toEqual({ kind: 'reading', pid: null, timeMs: 1795467796131.7, rssBytes: null })
  })
})

test('functions are read with and without their depth', () => {
  expect(read('FUNC a.<lambda> 10.0000 100.0000 12.5000 101.5000 2\nFUNC b 1.0000 1.0000 1.0000 2.0000\n')).toEqual([
    {
      kind: 'function',
      name: 'a.<lambda>',
      startMs: 100_000,
      endMs: 101_500,
      startBytes: 10 * 2 ** 20,
      endBytes: 12.5 * 2 ** 20,
      depth: 2,
    },
    { kind: 'function', name: 'b', startMs: 1000, endMs: 2000, startBytes: 2 ** 20, endBytes: 2 ** 20, depth: null },
  ])
})

test('tags that are not known are left out', () => {
  expect(read('HOST example 1\nMEM 1.000000 5.0000\n')).toEqual([
    { kind: 'reading', pid: null, timeMs: 5000, rssBytes: 2 ** 20 },
  ])
})

test('several command lines are reported at the end: mprof appended to a file that existed', () => {
  const events = read('CMDLINE a\nMEM 1.000000 5.0000\nCMDLINE b\n')
  expect(events.map(({ kind }) => kind)).toEqual(['command', 'reading', 'command', 'note'])
  expect(events.at(-1)).toMatchObject({ message: expect.stringContaining('holds 2 runs, one after another') })
})

test('half a line at the end of a file that is still written is left out and reported', () => {
  const events = read('MEM 1.000000 1795467785.9964\nMEM 2.000000 17954677')
  expect(events).toHaveLength(2)
  expect(events[1]).toMatchObject({ kind: 'note', message: expect.stringContaining('ends in the middle of line 2') })
})

describe('a broken file is refused with the line, what was found and what was expected', () => {
  test.each([
    ['CMDLINE a\n\nMEM 1.0 2.0\n', 'line 2: found an empty line, expected a tag such as MEM, a space, and values'],
    ['CMDLINE a\nMEM\n', 'line 2: found "MEM", expected a tag such as MEM, a space, and values'],
    ['MEM 1.0\n', 'line 1: found "MEM 1.0", expected MEM <MiB> <Unix seconds>'],
    ['MEM 1.0 x\n', 'line 1: found "MEM 1.0 x", expected MEM <MiB> <Unix seconds>'],
    ['MEM -1.0 2.0\n', 'expected MEM <MiB> <Unix seconds>'],
    ['CHLD x 1.0 2.0\n', 'expected CHLD <pid> <MiB> <Unix seconds>'],
    ['FUNC f 1.0 2.0 3.0\n', 'expected FUNC <function> <MiB> <Unix seconds> <MiB> <Unix seconds>'],
    ['ROUND 0 1.0 2.0\n', 'expected ROUND <round from 1> <Unix seconds> <Unix seconds>, and perhaps a JSON object'],
    ['ROUND 1 1.0 2.0 {"peakBytes":"x"}\n', 'expected ROUND'],
    ['PROCESS 12 server\n', 'expected PROCESS <pid> <JSON object with role, name, peakBytes and peakKind>'],
    ['TIDEMARK 1\n', 'expected TIDEMARK <JSON object>'],
  ])('%j', (text, message) => {
    expect(() => read(text)).toThrow(UsageError)
    expect(() => read(text)).toThrow(message)
  })
})

test('what mprof has no place for survives a .dat file', () => {
  const events: RecordingEvent[] = [
    { kind: 'command', command: 'python3 server.py' },
    { kind: 'origin', facts: { format: 'tidemark-recording/1', setting: { arenaMax: 4 } } },
    { kind: 'reading', pid: null, timeMs: 1795467785996.4, rssBytes: 3 * 4096 },
    { kind: 'reading', pid: 12, timeMs: 1795467785996.4, rssBytes: 4096 },
    { kind: 'process', pid: 12, role: 'server', name: 'job 1', peakBytes: 8192, peakKind: 'exact' },
    {
      kind: 'round',
      round: 1,
      startMs: 1795467785996.4,
      endMs: 1795467786996.5,
      process: { pid: 12, role: 'server', name: 'job 1' },
      peakBytes: 8192,
      peakKind: 'exact',
      endRssBytes: 4096,
    },
  ]
  expect(read([...mprofLines(events)].join(''))).toEqual(events)
})

test('a ROUND needs no more than its number, start and end', () => {
  expect(read('ROUND 2 10.5 12.25\n')).toEqual([
    {
      kind: 'round',
      round: 2,
      startMs: 10_500,
      endMs: 12_250,
      process: null,
      peakBytes: null,
      peakKind: 'sampled',
      endRssBytes: null,
    },
  ])
})

describe('MiB with decimals', () => {
  test.each([
    ['0.007812', 8192], // %.6f of 0.0078125 in C and Python: the half goes to the even digit
    ['0.449219', 115 * 4096],
    ['209.550781', 219_729_920],
    ['41.8633', 10_717 * 4096],
    ['1', 2 ** 20],
  ])('%s MiB are %d bytes', (text, bytes) => expect(bytesOfDecimalMib(text)).toBe(bytes))

  test('any number of pages or KiB comes back from 6 decimals, and pages from 4', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 27 }), (count) => {
        expect(bytesOfDecimalMib(decimalMib(count * 4096, 6))).toBe(count * 4096)
        expect(bytesOfDecimalMib(decimalMib(count * 1024, 6))).toBe(count * 1024)
        expect(bytesOfDecimalMib(decimalMib(count * 4096, 4))).toBe(count * 4096)
      }),
    )
  })

  test.each([
    [0, 6, '0.000000'],
    [8192, 6, '0.007812'],
    [3 * 8192, 6, '0.023438'],
    [500 * 2 ** 30 - 4096, 6, '511999.996094'],
    [2 ** 20, 0, '1'],
  ])('%d bytes with %d decimals are %s', (bytes, decimals, text) => expect(decimalMib(bytes, decimals)).toBe(text))
})
