import { expect, test } from 'vitest'
import type { ObservedMark } from '../../src/recording/marks/observed-mark.js'
import type { RecordedProcess, Sample } from '../../src/recording/recording.js'
import { roundRecords } from '../../src/recording/rounds/rounds.js'
import type { MemoryReading, RoundMark, StartMark } from '../../src/shared/marks.js'

const memory = (rssBytes: number): MemoryReading => ({
  rssBytes,
  rssAnonBytes: rssBytes,
  rssFileBytes: 0,
  rssShmemBytes: 0,
})

function roundMark(round: number, more: Partial<RoundMark> = {}): RoundMark {
  return {
    mark: 'round',
    timeMs: round * 1000,
    pid: 7,
    role: 'server',
    round,
    attempt: 0,
    startedMs: (round - 1) * 1000,
    peakBytes: 900,
    work: memory(600),
    end: memory(300),
    cleanup: { gcMs: 5, purgeMs: null, totalMs: 6, rssBeforeBytes: 600, rssAfterBytes: 300 },
    ...more,
  }
}

const SAMPLES: Sample[] = [100, 700, 1100, 1500, 1900, 2500].map((timeMs) => ({
  timeMs,
  rss: [
    [7, timeMs],
    [8, 9999],
  ],
}))

test("a role's own mark becomes its record as it is, with the role as the name of a nameless one", () => {
  const mark = roundMark(1, { accuracy: 0.9 })
  expect(roundRecords([mark], SAMPLES)).toEqual([
    {
      role: 'server',
      name: 'server',
      pid: 7,
      round: 1,
      startedMs: 0,
      endedMs: 1000,
      peakBytes: 900,
      peakKind: 'exact',
      work: mark.work,
      end: mark.end,
      cleanup: mark.cleanup,
      accuracy: 0.9,
    },
  ])
})

test('without the kernel’s peak the highest sample of that process within the round stands in, and is called so', () => {
  const [record] = roundRecords([roundMark(2, { peakBytes: null })], SAMPLES)
  expect(record).toMatchObject({ peakBytes: 1900, peakKind: 'sampled' })
})

test('a round that is shorter than the sampling interval has its own readings to go by', () => {
  const [record] = roundRecords([roundMark(9, { peakBytes: null })], SAMPLES)
  expect(record).toMatchObject({ peakBytes: 600, peakKind: 'sampled' })
})

test('a role that said that its peak cannot be reset is not believed a peak: it may be of an earlier round', () => {
  const start: StartMark = {
    mark: 'start',
    timeMs: 0,
    pid: 7,
    role: 'server',
    memory: memory(100),
    allocator: 'glibc',
    exactPeaks: false,
  }
  const [record] = roundRecords([start, roundMark(1)], SAMPLES)
  expect(record).toMatchObject({ peakBytes: 700, peakKind: 'sampled' })
})

test('what the recorder observed becomes one record for each process, in the order of time', () => {
  const observed: ObservedMark = {
    mark: 'observed',
    of: 'round',
    timeMs: 1500,
    round: 1,
    processes: [
      { pid: 7, role: 'server', name: 'a', startedMs: 0, peakBytes: 800, exact: true, memory: memory(50) },
      { pid: 8, role: 'worker', name: 'b', startedMs: 1000, peakBytes: 800, exact: false, memory: memory(60) },
    ],
  }
  const records = roundRecords([roundMark(2), observed], SAMPLES)
  expect(records.map(({ name, round, peakBytes, peakKind }) => [name, round, peakBytes, peakKind])).toEqual([
    ['a', 1, 800, 'exact'],
    ['b', 1, 9999, 'sampled'],
    ['server', 2, 900, 'exact'],
  ])
})

test('the start of a program is no round', () => {
  expect(roundRecords([{ mark: 'observed', of: 'start', timeMs: 1, round: 0, processes: [] }], SAMPLES)).toEqual([])
})

test('a program without a role is called what --role and its last name call it, also where its rounds are over before it is seen', () => {
  const seen = (pid: number, firstSeenMs: number, role = 'trainer') =>
    ({ pid, firstSeenMs, role, name: 'train.py' }) as RecordedProcess
  const named = (processes: RecordedProcess[]) => {
    const marks = [
      roundMark(1, { role: 'process', name: 'launcher' }),
      roundMark(2, { role: 'process', name: 'train.py' }),
    ]
    return roundRecords(marks, SAMPLES, processes).map(({ role, name }) => `${role} ${name}`)
  }
  expect(named([seen(7, 5000)])).toEqual(['trainer train.py', 'trainer train.py'])
  expect(named([seen(7, 0, 'process')])).toEqual(['process train.py', 'process train.py'])
  // The pid was given to another program after the rounds.
  expect(named([seen(7, 0, 'process'), seen(7, 5000)])).toEqual(['process launcher', 'process train.py'])
})
