import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { readProcessStatus } from '../../src/linux/process/process-status.js'
import { readMetadata } from '../../src/recording/storage/read-recording.js'
import { startLiveServer } from '../../src/report/live/live-server.js'
import type { LiveSource } from '../../src/report/live/live-source.js'
import { LiveState } from '../../src/verdict/live/live-state.js'
import { PYTHON } from '../python.js'
import { followSpikingProgram, SPIKES_ON_ORDER } from '../recording/spiking-program.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'

const PAGES = 10
const MB = 1_000_000

/** Opens so many streams of events, and collects what each of them receives. */
async function openPages(url: string): Promise<{ received: string[]; close(): void }> {
  const closing = new AbortController()
  onTestFinished(() => closing.abort())
  const received = Array.from({ length: PAGES }, () => '')
  await Promise.all(
    received.map(async (_, i) => {
      const { body } = await fetch(`${url}events`, { signal: closing.signal })
      void (async () => {
        const reader = body!.getReader()
        for (let part = await reader.read(); !part.done; part = await reader.read())
          received[i] += Buffer.from(part.value).toString()
      })().catch(() => {}) // the abort ends it
    }),
  )
  return { received, close: () => closing.abort() }
}

const updatesIn = (text: string) => text.match(/^event: update\ndata: .*\n\n/gm) ?? []

test('ten pages read no more of the recording than one, and nothing of the measured program', async () => {
  const state = new LiveState({ command: ['job'], startedMs: 0, limit: null, windowMs: 1e9 })
  const calls = { status: 0, scrapes: 0, listeners: 0 }
  const source: LiveSource = {
    title: 'job',
    status: () => {
      calls.status++
      return state.status()
    },
    subscribe: (listener) => {
      calls.listeners++
      return state.subscribe(listener)
    },
    openScrape: () => {
      calls.scrapes++
      return { read: () => ({ processes: [], tree: null }), close: () => {} }
    },
  }
  const server = await startLiveServer({ host: '127.0.0.1', port: 0 }, { token: undefined, source })
  onTestFinished(() => server.close())
  const { received, close } = await openPages(server.url)
  const haveUpdates = (count: number) => () => received.every((text) => updatesIn(text).length >= count)
  expect(await pollUntil(haveUpdates(1), 20_000)).toBe(true)
  const before = { ...calls, updates: Math.max(...received.map((text) => updatesIn(text).length)) }
  expect(before.status).toBe(PAGES + before.updates) // each page has had the whole state once
  state.addSample(1, [{ pid: 7, role: 'process', name: 'job', rssBytes: MB, peakBytes: MB, peakKind: 'exact' }])
  expect(await pollUntil(haveUpdates(before.updates + 2), 20_000)).toBe(true)
  close()
  expect(calls.status - before.status).toBe(
    Math.max(...received.map((text) => updatesIn(text).length)) - before.updates,
  )
  expect(calls).toMatchObject({ scrapes: 0, listeners: 1 })
  const [news] = updatesIn(received[0]!).filter((text) => text.includes('"samples":[["process",1,1000000]]'))
  expect(news).toBeDefined()
  for (const text of received) expect(updatesIn(text)).toContain(news)
})

test('ten pages leave the peak of the measured program alone, which one scraper resets', async () => {
  const folder = join(temporaryFolder(), 'recording')
  const command = [PROGRAM, 'run', '--listen', '0', '--out', folder, '--', PYTHON, SPIKES_ON_ORDER]
  const child = spawn(process.execPath, command, { env: { ...process.env, NO_COLOR: '1' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let heard = ''
  child.stderr.on('data', (text) => {
    heard += text
  })
  const urlIn = () => /live at (http:\/\/[^/]+\/)/.exec(heard)?.[1]
  const program = await followSpikingProgram(child)
  expect(await pollUntil(() => urlIn() !== undefined, 20_000)).toBe(true)
  const peakBytes = () => {
    const status = readProcessStatus(readMetadata(folder).processes[0]!.pid)
    return status.kind === 'read' ? status.peakBytes : 0
  }
  const top = await program.spike(200 * MB, 20)
  const { received, close } = await openPages(urlIn()!)
  expect(await pollUntil(() => received.every((text) => updatesIn(text).length >= 3), 20_000)).toBe(true)
  close()
  expect(Math.abs(peakBytes() / top - 1)).toBeLessThan(0.01)
  // Each sample has read its process once, whoever looks on.
  const { samples, readings } = readMetadata(folder).sampling
  expect(readings.read).toBe(samples)
  await fetch(`${urlIn()!}metrics`)
  await fetch(`${urlIn()!}metrics`)
  expect(peakBytes()).toBeLessThan(100 * MB)
})
