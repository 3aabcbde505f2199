import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { pollUntil } from '../../../src/launch/poll.js'
import { readProcessStat } from '../../../src/linux/process/process-stat.js'
import { readProcessStatus } from '../../../src/linux/process/process-status.js'
import { SampleLog } from '../../../src/recording/sampling/sample-log.js'
import { startSampler } from '../../../src/recording/sampling/sampler.js'
import type { FromSampler } from '../../../src/recording/sampling/sampler-protocol.js'
import { MIB } from '../../../src/shared/units.js'
import { leaveOutWithout } from '../../optional-parts.js'
import { PYTHON } from '../../python.js'
import { temporaryFolder } from '../../temporary-folder.js'

const LIMIT_MS = 20_000

/** A sampling thread that tells everything, at so many samples a second. */
async function startForTest(rateHz: number, rssLimitBytes: number | null = null) {
  const samplesFile = join(temporaryFolder(), 'samples.ndjson')
  const messages: FromSampler[] = []
  const settings = {
    samplesFile,
    intervalMs: 1000 / rateHz,
    tree: null,
    statusIntervals: { risingMs: 50, movingMs: 250, idleMs: 500 },
    latestIntervalMs: 500,
    rssLimitBytes,
  }
  const sampler = startSampler(
    settings,
    (message) => messages.push(message),
    (error) => {
      throw error
    },
  )
  onTestFinished(() => sampler.stop())
  await sampler.ready
  return { sampler, messages, text: () => readFileSync(samplesFile, 'utf8') }
}

async function startCat() {
  const child = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdin.write('x')
  await once(child.stdout, 'data')
  const stat = readProcessStat(child.pid!)
  if (stat.kind !== 'read') throw new Error('cat is running')
  return { child, pid: child.pid!, startTicks: stat.startTicks }
}

test('a pid that another process has by now is not taken for the one that was named', async () => {
  const { sampler, messages, text } = await startForTest(100)
  const { pid, startTicks } = await startCat()
  sampler.add({ pid, startTicks: startTicks - 1 })
  const isGone = () => messages.some((message) => message.kind === 'gone' && message.process.pid === pid)
  expect(await pollUntil(isGone, LIMIT_MS)).toBe(true)
  sampler.add({ pid, startTicks })
  expect(await pollUntil(() => text().includes(`,${pid},`), LIMIT_MS)).toBe(true)
})

test('one that ends between two readings is reported as gone, and the others are read on', async () => {
  const { sampler, messages, text } = await startForTest(100)
  const [first, second] = [await startCat(), await startCat()]
  for (const { pid, startTicks } of [first, second]) sampler.add({ pid, startTicks })
  expect(await pollUntil(() => text().includes(`,${first.pid},`) && text().includes(`,${second.pid},`), LIMIT_MS)).toBe(
    true,
  )
  first.child.kill('SIGKILL')
  const goneMs = () =>
    messages.flatMap((message) =>
      message.kind === 'gone' && message.process.pid === first.pid ? [message.process.lastSeenMs] : [],
    )[0]
  expect(await pollUntil(() => goneMs() !== undefined, LIMIT_MS)).toBe(true)
  // By their times: without a C compiler lines are written many at once, also those from before.
  const later = () => (text().match(/^.*\]$/gm) ?? []).filter((line) => JSON.parse(line)[0] > goneMs()! + 0.01)
  expect(await pollUntil(() => later().length > 0, LIMIT_MS)).toBe(true)
  for (const line of later()) {
    expect(line).toContain(`,${second.pid},`)
    expect(line).not.toContain(`,${first.pid},`)
  }
})

test('a thread that sleeps until its next sample in ten minutes takes orders at once', async () => {
  const { sampler, messages } = await startForTest(1 / 600)
  const { pid, startTicks } = await startCat()
  sampler.add({ pid, startTicks: startTicks - 1 })
  expect(await pollUntil(() => messages.some(({ kind }) => kind === 'gone'), LIMIT_MS)).toBe(true)
  await sampler.stop()
  expect(messages.at(-1)!.kind).toBe('stopped')
})

/** Allocates so many MiB for each line, and lets go of what it had before. */
const HOLDER = `import mmap, sys
print('up', flush=True)
for line in sys.stdin:
    held = mmap.mmap(-1, int(line) * 2**20)
    held.write(b'1' * len(held))
    print('held', flush=True)`

async function startHolder() {
  const child = spawn(PYTHON, ['-c', HOLDER], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  await once(lines, 'line')
  const pid = child.pid!
  const stat = readProcessStat(pid)
  if (stat.kind !== 'read') throw new Error('it is running')
  const hold = async (mib: number) => {
    child.stdin.write(`${mib}\n`)
    await once(lines, 'line')
    const status = readProcessStatus(pid)
    if (status.kind !== 'read') throw new Error('it is running')
    return status
  }
  return { child, pid, startTicks: stat.startTicks, hold }
}

/** Without koffi or a compiler samples are taken in JavaScript; what is recorded must be the same. */
describe.each([
  ['c', undefined],
  ['javascript', 'no-compiler-of-this-name'],
])('samples that are taken in %s', (loop, compiler) => {
  test('tell times, RSS, their highest sum, the peak of a process that is killed, and the passing of the limit', async (context) => {
    if (compiler === undefined) leaveOutWithout(context, 'C compiler', 'koffi')
    if (compiler !== undefined) vi.stubEnv('CC', compiler)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { sampler, messages, text } = await startForTest(200, 100 * MIB)
    const { child, pid, startTicks, hold } = await startHolder()
    const hasMessage = (kind: FromSampler['kind']) => messages.some((message) => message.kind === kind)
    sampler.add({ pid, startTicks })
    await hold(120)
    expect(await pollUntil(() => hasMessage('over-limit'), LIMIT_MS)).toBe(true)
    const { rssBytes, peakBytes } = await hold(1)
    // The kernel counts the pages of statm less exactly than those of status.
    const newestBytes = () => Number(/(\d+)\]\n$/.exec(text())?.[1])
    expect(await pollUntil(() => Math.abs(newestBytes() - rssBytes) < MIB, LIMIT_MS)).toBe(true)
    // A hundred samples more: the peak is read at least every half second.
    const length = text().length
    expect(
      await pollUntil(() => text().length > length + 100 * '[1795477241411.05,1,1048576]\n'.length, LIMIT_MS),
    ).toBe(true)
    child.kill('SIGKILL')
    expect(await pollUntil(() => hasMessage('gone'), LIMIT_MS)).toBe(true)
    await sampler.stop()

    const lines = text().trimEnd().split('\n')
    for (const line of lines) expect(line).toMatch(/^\[\d{13}\.\d\d,\d+,\d+\]$/)
    const samples = lines.map((line) => JSON.parse(line) as [timeMs: number, pid: number, rssBytes: number])
    for (const [i, [timeMs]] of samples.slice(1).entries()) expect(timeMs).toBeGreaterThan(samples[i]![0])
    const highest = samples.reduce((a, b) => (b[2] > a[2] ? b : a))
    expect(highest[2]).toBeGreaterThan(120 * MIB)
    expect(highest[2]).toBeLessThan(peakBytes + MIB)
    const gone = messages.at(-2) as Extract<FromSampler, { process: unknown }>
    expect(gone.kind).toBe('gone')
    expect(gone.process.peakBytes).toBe(peakBytes)
    expect(gone.process.highest!.rssBytes).toBeGreaterThan(100 * MIB)
    const stopped = messages.at(-1) as Extract<FromSampler, { treePeak: unknown }>
    expect(stopped.kind).toBe('stopped')
    expect(stopped.sampling).toMatchObject({ loop, samples: samples.length, readings: { read: samples.length } })
    expect(stopped.treePeak).toMatchObject({ rssBytes: highest[2], processes: 1 })
    expect(Math.abs(stopped.treePeak!.timeMs - highest[0])).toBeLessThan(0.01)
  })
})

test('whole numbers of any length are written as they are', async () => {
  const file = join(temporaryFolder(), 'samples.ndjson')
  const log = new SampleLog(file)
  const readings = [0, 9, 10, 99_999_999, 100_000_000, 100_000_001, 2 ** 31, 2 ** 40 + 7, 2 ** 53 - 1]
  log.begin(1_795_477_241_411.05)
  for (const [i, rssBytes] of readings.entries()) log.reading(4_194_304 - i, rssBytes)
  log.end()
  for (let i = 0; i < 5000; i++) {
    log.begin(i)
    for (let pid = 1; pid <= 40; pid++) log.reading(pid, i * pid)
    log.end()
  }
  log.flush(0)
  log.close()
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines[0]).toBe(`[1795477241411.05,${readings.map((rssBytes, i) => `${4_194_304 - i},${rssBytes}`).join(',')}]`)
  expect(lines).toHaveLength(5001)
  expect(JSON.parse(lines[5000]!)).toEqual([
    4999,
    ...Array.from({ length: 40 }, (_, i) => [i + 1, 4999 * (i + 1)]).flat(),
  ])
})
