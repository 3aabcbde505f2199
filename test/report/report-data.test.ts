import { expect, test } from 'vitest'
import { reportData } from '../../src/report/html/report-data.js'
import { exampleComparison } from './example-comparison.js'

function oneTrial() {
  const example = exampleComparison({ trials: 1, rounds: 5 })
  const recording = example.recordingOf(example.comparison.trials[0]!)!
  return { ...example, recording }
}

test('a process that a sample lacks has a gap there, not a zero', () => {
  const { comparison, recordingOf, recording } = oneTrial()
  const pid = recording.head.processes[0]!.pid
  recording.samples[20]!.rss = recording.samples[20]!.rss.filter(([own]) => own !== pid)
  const server = reportData(comparison, recordingOf).trials[0]!.processes[0]!
  const missing = recording.samples[20]!.timeMs - comparison.trials[0]!.startedMs
  expect(server.points.find(([timeMs]) => timeMs === missing)).toEqual([missing, null])
  expect(server.points.filter(([, bytes]) => bytes === 0)).toEqual([])
})

test('samples that stop for long leave a gap although no sample tells it', () => {
  const { comparison, recordingOf, recording } = oneTrial()
  recording.samples = recording.samples.filter((_, i) => i < 15 || i > 35)
  const server = reportData(comparison, recordingOf).trials[0]!.processes[0]!
  expect(server.points.filter(([, bytes]) => bytes === null)).toHaveLength(1)
})

test('a process that ended before the others has no gap at its end', () => {
  const { comparison, recordingOf, recording } = oneTrial()
  const pid = recording.head.processes[1]!.pid
  for (const sample of recording.samples.slice(30)) sample.rss = sample.rss.filter(([own]) => own !== pid)
  const client = reportData(comparison, recordingOf).trials[0]!.processes[1]!
  expect(client.points.at(-1)![1]).not.toBeNull()
})

test('a peak stands at the highest sample of its round and keeps its exact height', () => {
  const { comparison, recordingOf } = oneTrial()
  const { processes } = reportData(comparison, recordingOf).trials[0]!
  const exact = comparison.trials[0]!.rounds.filter(({ role }) => role === 'server').map(({ peakBytes }) => peakBytes)
  expect(processes[0]!.rounds.map(({ peakBytes }) => peakBytes)).toEqual(exact)
  for (const { startMs, endMs, peakAtMs } of processes[0]!.rounds) {
    const within = processes[0]!.points.filter(([timeMs]) => timeMs >= startMs && timeMs <= endMs)
    const highest = Math.max(...within.map(([, bytes]) => bytes!))
    expect(processes[0]!.points.find(([timeMs]) => timeMs === peakAtMs)![1]).toBe(highest)
  }
})

test('a trial whose recording is lost is drawn from its round records', () => {
  const { comparison } = oneTrial()
  const { processes } = reportData(comparison, () => undefined).trials[0]!
  expect(processes.map(({ name }) => name)).toEqual(['server', 'site-1', 'site-2'])
  expect(processes[0]!.points).toEqual([])
  expect(processes[0]!.rounds).toHaveLength(5)
})
