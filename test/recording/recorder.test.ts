import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { startRecording } from '../../src/recording/recorder.js'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import type { Mark } from '../../src/shared/marks.js'
import { MIB } from '../../src/shared/units.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { finishForTest, recordForTest } from './record-for-test.js'

/** Warnings but for the one that depends on what else the machine had to do. */
const unlessBusy = (warnings: string[]) => warnings.filter((warning) => !warning.includes('the machine was too busy'))

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

test('peaks of rounds are read from outside, exactly, when a program marks only where they end', async () => {
  const truth = join(temporaryFolder(), 'truth')
  const recorded = await recordForTest([PYTHON, fixture('spikes.py'), '8', '120', '7', truth], { rateHz: 10 })
  await finishForTest(recorded)
  const heights = readFileSync(truth, 'utf8').trim().split('\n').map(Number)
  const { rounds, warnings, head } = readRecording(recorded.recorder.folder)
  expect(rounds.map(({ round, peakKind }) => [round, peakKind])).toEqual(heights.map((_, i) => [i + 1, 'exact']))
  for (const [i, { peakBytes, end }] of rounds.entries()) {
    expect(Math.abs(peakBytes! / heights[i]! - 1)).toBeLessThan(0.01)
    expect(end.rssBytes).toBeLessThan(40 * MIB)
  }
  expect(unlessBusy(warnings)).toEqual([])
  expect(head).toMatchObject({ state: 'completed', processes: [{ role: 'server', exit: { code: 0, signal: null } }] })
  const highest = Math.max(...rounds.map(({ peakBytes }) => peakBytes!))
  expect(Math.abs(head.processes[0]!.peakBytes! / highest - 1)).toBeLessThan(0.01)
})

test('where the peak may not be reset, peaks of later rounds are samples, and every reader gets a warning', async () => {
  const truth = join(temporaryFolder(), 'truth')
  const recorded = await recordForTest([PYTHON, fixture('spikes.py'), '3', '64', '7', truth], { resetPeaks: false })
  await finishForTest(recorded)
  const { rounds, warnings } = readRecording(recorded.recorder.folder)
  expect(rounds.map(({ peakKind }) => peakKind)).toEqual(['exact', 'sampled', 'sampled'])
  expect(unlessBusy(warnings)).toEqual([expect.stringContaining('lower bounds')])
  const highest = Number(readFileSync(truth, 'utf8').split('\n')[2])
  expect(rounds[2]!.peakBytes).toBeLessThan(highest * 1.01)
})

test('marks that a role writes in full are handed on as they come, and stand as they are', async () => {
  const mark: Mark = { mark: 'ready', timeMs: 1, pid: 1, role: 'server', modelBytes: 650 }
  const recorded = await recordForTest(['sh', '-c', `sleep 0.2; echo '${JSON.stringify(mark)}' >> $TIDEMARK_MARKS`])
  const seen: Mark[] = []
  recorded.recorder.on('mark', (each) => seen.push(each))
  await finishForTest(recorded)
  expect(seen).toEqual([mark])
  expect(readRecording(recorded.recorder.folder).modelBytes).toBe(650)
})

test('while it runs the newest RSS of each process is at hand, and the folder can be read', async () => {
  const { recorder, process } = await recordForTest(['sleep', '1000'])
  expect(await pollUntil(() => recorder.latest().has(process.pid), 10_000)).toBe(true)
  const { head, samples, warnings } = readRecording(recorder.folder)
  expect(head.state).toBe('running')
  expect(samples.length).toBeGreaterThan(0)
  expect(unlessBusy(warnings)).toEqual(['The recording has no end: it still runs.'])
  await process.end(1000)
  const finished = await finishForTest({ recorder, process, guard: undefined as never })
  expect(finished).toMatchObject({ state: 'failed', processes: [{ exit: { signal: 'SIGTERM' } }] })
})

test('the interval asked for and the one achieved are both stored, with the cost of sampling', async () => {
  const recorded = await recordForTest(['sleep', '1'], { rateHz: 50 })
  const { sampling, machine } = await finishForTest(recorded)
  expect(sampling.askedIntervalMs).toBe(20)
  expect(sampling.loop).toMatch(/^(c|javascript)$/)
  expect(machine.samplingLoop).toBe(sampling.loop)
  // Deadlines are absolute, so late samples do not add up; on a busy machine some are left out, and counted.
  const planned = sampling.samples + sampling.missed!
  expect(sampling.achievedIntervalMs! * (sampling.samples / planned)).toBeGreaterThan(18)
  expect(sampling.achievedIntervalMs! * (sampling.samples / planned)).toBeLessThan(22)
  const times = readRecording(recorded.recorder.folder).samples.map(({ timeMs }) => timeMs)
  expect(sampling.samples).toBe(times.length)
  expect(sampling.achievedIntervalMs).toBeCloseTo((times.at(-1)! - times[0]!) / (times.length - 1), 1)
  expect(sampling.costMs).toBeGreaterThan(0)
  expect(sampling.readings.unreadable).toBe(0)
})

test('a recorder killed with SIGKILL leaves a recording that reads up to its last whole line', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const child = spawn(process.execPath, [fixture('recorder.mjs'), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const samples = join(folder, 'samples.ndjson')
  expect(await pollUntil(() => statSync(samples).size > 500, 10_000)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const whole = readRecording(folder).samples.length
  appendFileSync(samples, '[1795477241411.59,4127,6123')
  const recording = readRecording(folder)
  expect(recording.samples).toHaveLength(whole)
  expect(recording.head.state).toBe('running')
  expect(unlessBusy(recording.warnings)).toEqual(['The recording has no end: its recorder was killed.'])
})

test('when the disk fills up what was recorded is kept, the owner gets an event, and the metadata says so', async () => {
  const folder = join(temporaryFolder(), 'recording')
  // A limit on the size of files stands in for the disk: writes fail in the same place (EFBIG for ENOSPC).
  const child = spawn(
    'bash',
    ['-c', 'ulimit -f 8; exec "$@"', 'limited', process.execPath, fixture('recorder.mjs'), folder],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for await (const chunk of child.stdout) output += chunk
  expect(output).toContain('failed: the recording can no longer be written')
  const { head, samples, warnings } = readRecording(folder)
  expect(head.state).toBe('failed')
  expect(head.reason).toContain('samples.ndjson')
  expect(samples.length).toBeGreaterThan(100)
  expect(warnings).toContain(head.reason)
  expect(existsSync(join(folder, 'recording.json.part'))).toBe(false)
})

test('a folder that cannot be written fails before anything is started', async () => {
  await expect(
    startRecording({ folder: '/proc/recording', command: [], setting: {}, machine: {} as never, rateHz: 1 }),
  ).rejects.toMatchObject({ message: expect.stringContaining('cannot record into /proc/recording'), exitCode: 2 })
})
