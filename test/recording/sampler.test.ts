import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { readProcessStat } from '../../src/linux/process-stat.js'
import { SampleLog } from '../../src/recording/sample-log.js'
import { startSampler } from '../../src/recording/sampler.js'
import type { FromSampler } from '../../src/recording/sampler-protocol.js'
import { temporaryFolder } from '../temporary-folder.js'

const LIMIT_MS = 20_000

/** A sampling thread that tells everything, at so many samples a second. */
async function startForTest(rateHz: number) {
  const samplesFile = join(temporaryFolder(), 'samples.ndjson')
  const messages: FromSampler[] = []
  const settings = {
    samplesFile,
    intervalMs: 1000 / rateHz,
    tree: null,
    statusIntervalMs: 50,
    idleStatusIntervalMs: 500,
    tellLatest: true,
    rssLimitBytes: null,
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

test('one that ends between two readings is told to be gone, and the others are read on', async () => {
  const { sampler, messages, text } = await startForTest(100)
  const [first, second] = [await startCat(), await startCat()]
  for (const { pid, startTicks } of [first, second]) sampler.add({ pid, startTicks })
  expect(await pollUntil(() => text().includes(`,${first.pid},`) && text().includes(`,${second.pid},`), LIMIT_MS)).toBe(
    true,
  )
  first.child.kill('SIGKILL')
  const isGone = () => messages.some((message) => message.kind === 'gone' && message.process.pid === first.pid)
  expect(await pollUntil(isGone, LIMIT_MS)).toBe(true)
  const length = text().length
  expect(await pollUntil(() => text().slice(length).includes(`,${second.pid},`), LIMIT_MS)).toBe(true)
  expect(text().slice(length)).not.toContain(`,${first.pid},`)
})

test('a thread that sleeps until its next sample in ten minutes takes orders at once', async () => {
  const { sampler, messages } = await startForTest(1 / 600)
  const { pid, startTicks } = await startCat()
  sampler.add({ pid, startTicks: startTicks - 1 })
  expect(await pollUntil(() => messages.some(({ kind }) => kind === 'gone'), LIMIT_MS)).toBe(true)
  await sampler.stop()
  expect(messages.at(-1)!.kind).toBe('stopped')
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
