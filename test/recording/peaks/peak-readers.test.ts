import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../../src/launch/poll.js'
import { readMachineFacts } from '../../../src/linux/machine.js'
import { startRecording } from '../../../src/recording/recorder.js'
import type { RecordingOptions } from '../../../src/recording/recorder-handle.js'
import { readRecording } from '../../../src/recording/storage/read-recording.js'
import { MIB } from '../../../src/shared/units.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { startSpikingProgram } from '../spiking-program.js'

const MB = 1_000_000

async function recordSpikes(options: Partial<RecordingOptions> = {}) {
  const folder = temporaryFolder()
  const program = await startSpikingProgram({ TIDEMARK_MARKS: join(folder, 'marks.ndjson') })
  const setting = { folder, command: ['spikes'], setting: {}, machine: readMachineFacts(), rateHz: 10 }
  const recorder = await startRecording({ ...setting, isAttached: true, ...options })
  onTestFinished(async () => void (await recorder.finish('stopped', 'the test ended')))
  recorder.add({ pid: program.pid, role: 'server', name: 'spikes', command: ['spikes'] })
  const readRound = async (round: number) => {
    const ended = new Promise<void>((resolve) => recorder.on('round', (number) => number === round && resolve()))
    await program.round(round)
    await ended
  }
  return { recorder, program, readRound }
}

const relative = (measured: number | undefined, truth: number) => Math.abs((measured ?? 0) / truth - 1)

test('each reader gets each spike once, and rounds keep theirs, whichever resets the mark', async () => {
  const { recorder, program, readRound } = await recordSpikes()
  const [often, seldom] = [recorder.peakReader(), recorder.peakReader()]
  const truths = []
  for (let round = 1; round <= 6; round++) {
    const top = await program.spike((80 + 20 * round) * MB, 20)
    truths.push(top)
    const [peak] = often.read()
    expect(relative(peak?.peakBytes, top), `spike ${round}`).toBeLessThan(0.01)
    expect(peak).toMatchObject({ kind: 'exact', process: { pid: program.pid, role: 'server' } })
    // A second look finds no spike: the next one is not reported twice.
    expect(often.read()[0]!.peakBytes).toBeLessThan(40 * MIB)
    await readRound(round)
    if (round % 2 === 0) expect(relative(seldom.read()[0]?.peakBytes, top)).toBeLessThan(0.01)
  }
  await program.end()
  await recorder.finish('completed', null)
  const { rounds } = readRecording(recorder.folder)
  expect(rounds.map(({ peakKind }) => peakKind)).toEqual(truths.map(() => 'exact'))
  for (const [i, { peakBytes }] of rounds.entries()) expect(relative(peakBytes!, truths[i]!)).toBeLessThan(0.01)
})

test('a round that ends between two readings leaves the spike to the reader', async () => {
  const { recorder, program, readRound } = await recordSpikes()
  const reader = recorder.peakReader()
  reader.read()
  const top = await program.spike(200 * MB, 20)
  await readRound(1)
  expect(relative(reader.read()[0]?.peakBytes, top)).toBeLessThan(0.01)
  await readRound(2)
  expect(reader.read()[0]!.peakBytes).toBeLessThan(40 * MIB)
})

test('a process that has ended is in one answer, with its peak', async () => {
  const { recorder, program } = await recordSpikes()
  const reader = recorder.peakReader()
  reader.read()
  const gone = new Promise<void>((resolve) => recorder.on('gone', () => resolve()))
  const top = await program.spike(200 * MB, 1000)
  await program.end()
  await gone
  const [last, ...others] = reader.read()
  expect(others).toEqual([])
  expect(relative(last?.peakBytes, top)).toBeLessThan(0.01)
  expect(last).toMatchObject({ rssBytes: null, kind: 'exact' })
  expect(reader.read()).toEqual([])
})

test('where marks may not be reset a peak is exact as long as it is the highest so far, and a sample after', async () => {
  const { recorder, program } = await recordSpikes({ resetPeaks: false })
  const reader = recorder.peakReader()
  expect(reader.read()[0]).toMatchObject({ kind: 'sampled' }) // its mark is of the time before
  const top = await program.spike(150 * MB, 20)
  expect(reader.read()[0]).toMatchObject({ kind: 'exact' })
  await program.spike(200 * MB, 20)
  expect(relative(reader.read()[0]?.peakBytes, top + 50 * MB)).toBeLessThan(0.01)
  const lower = program.spike(100 * MB, 3000)
  expect(await pollUntil(() => (recorder.latest().get(program.pid) ?? 0) > 100 * MB, 10_000)).toBe(true)
  await lower
  const [peak] = reader.read()
  expect(peak).toMatchObject({ kind: 'sampled' })
  expect(peak!.peakBytes).toBeGreaterThan(100 * MB)
})
