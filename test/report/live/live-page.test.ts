import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { RoundRecord } from '../../../src/recording/recording.js'
import { type LiveServer, startLiveServer } from '../../../src/report/live/live-server.js'
import { LiveState } from '../../../src/verdict/live/live-state.js'
import { CHROMIUM, needs } from '../../optional-parts.js'

const MIB = 2 ** 20
const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>&amp;'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A recording of two roles, as fast as it is fed. */
function replayed({ server = 'server', windowMs = 10_000 } = {}) {
  const startedMs = Date.now()
  const limit = { bytes: 2 ** 30, name: '--rss-limit' as const }
  const state = new LiveState({ command: ['job', HOSTILE], startedMs, limit, windowMs })
  const roles = [server, 'client']
  let samples = 0
  let rounds = 0
  return {
    state,
    sample: (everyMs: number) => {
      const timeMs = startedMs + ++samples * everyMs
      const processes = roles.map((role, i) => {
        const rssBytes = (100 + 50 * i + (samples % 40)) * MIB
        return { pid: 10 + i, role, name: HOSTILE, rssBytes, peakBytes: 200 * MIB, peakKind: 'exact' as const }
      })
      state.addSample(timeMs, processes)
    },
    round: (everyMs: number) => {
      const endedMs = startedMs + samples * everyMs
      const end = { rssBytes: 120 * MIB + ++rounds * 1000, rssAnonBytes: 100 * MIB, rssFileBytes: 0, rssShmemBytes: 0 }
      const round = { round: rounds, startedMs: endedMs - 3000, endedMs, peakBytes: 190 * MIB, work: null, end }
      const rest = { peakKind: 'exact' as const, cleanup: null, accuracy: null }
      state.addRounds(roles.map((role, i): RoundRecord => ({ role, name: role, pid: 10 + i, ...round, ...rest })))
    },
  }
}

/** The lowest of some: a figure that has just been replaced may still be held by the frame that did so. */
async function heapOf(page: Page, session: CDPSession): Promise<number> {
  const sizes = []
  for (let i = 0; i < 8; i++) {
    await page.evaluate(() => new Promise(requestAnimationFrame))
    await session.send('HeapProfiler.collectGarbage')
    sizes.push((await session.send('Runtime.getHeapUsage')).usedSize)
  }
  return Math.min(...sizes)
}

async function serve(state: LiveState, port = 0): Promise<LiveServer> {
  const source = {
    title: `job ${HOSTILE}`,
    status: () => state.status(),
    subscribe: (listener: Parameters<LiveState['subscribe']>[0]) => state.subscribe(listener),
    openScrape: () => ({ read: () => ({ processes: [], tree: null }), close: () => {} }),
  }
  const server = await startLiveServer({ host: '127.0.0.1', port }, { token: undefined, source })
  onTestFinished(() => server.close())
  return server
}

/** A network to a port on this machine that can fail: it then passes nothing on, and closes nothing. */
async function networkTo(port: number) {
  const sockets = new Set<Socket>()
  let isUp = true
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => isUp && to.write(chunk))
      from.on('error', () => {})
      from.on('end', () => isUp && to.end())
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  return {
    port: (proxy.address() as AddressInfo).port,
    fail: () => {
      isUp = false
    },
    mend: () => {
      isUp = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

describe('the live page in a browser', needs('Chromium'), () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser.close())

  async function open(url: string, width = 1200): Promise<{ page: Page; messages: string[]; requests: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 } })
    onTestFinished(() => page.close())
    const [messages, requests]: [string[], string[]] = [[], []]
    page.on('console', (message) => messages.push(message.text()))
    page.on('pageerror', (error) => messages.push(error.message))
    page.on('request', (request) => requests.push(new URL(request.url()).pathname))
    await page.goto(url)
    return { page, messages, requests }
  }

  test('shows curves, verdicts, rounds, processes and alerts as they come, and loads nothing but its own', async () => {
    const { state, sample, round } = replayed()
    const server = await serve(state)
    for (let i = 0; i < 40; i++) {
      sample(500)
      if (i % 4 === 3) round(500)
    }
    const { page, messages, requests } = await open(server.url)
    await page.locator('#drawing svg').waitFor()
    expect(await page.locator('#drawing [data-mark=line] path').count()).toBe(2)
    expect(await page.locator('#verdicts li').allTextContents()).toEqual([
      expect.stringMatching(/^server .*Rounds so far: 10\./),
      expect.stringMatching(/^client .*Rounds so far: 10\./),
    ])
    expect(await page.locator('#rounds tbody tr').count()).toBe(20)
    round(500)
    state.addAlert({ timeMs: Date.now(), condition: 'x', role: null, round: 11, kind: 'fired', sentence: HOSTILE })
    await page.getByText('fired:').waitFor()
    await page.locator('#rounds tbody tr', { hasText: '11' }).first().waitFor()
    expect(await page.locator('#processes tbody tr').count()).toBe(2)
    state.end(Date.now())
    await page.getByText('The program has ended.').waitFor()
    expect(messages).toEqual([])
    expect([...new Set(requests)].sort()).toEqual(['/', '/events', '/page.js'])
  })

  test('text of the program never becomes markup', async () => {
    const { state, sample, round } = replayed({ server: HOSTILE })
    const server = await serve(state)
    for (let i = 0; i < 8; i++) sample(500)
    round(500)
    state.addAlert({
      timeMs: Date.now(),
      condition: HOSTILE,
      role: HOSTILE,
      round: 1,
      kind: 'fired',
      sentence: HOSTILE,
    })
    const { page } = await open(server.url)
    await page.locator('#drawing svg').waitFor()
    await page.locator('#alerts p').waitFor()
    expect(await page.locator('h1').textContent()).toContain('<img src=x')
    expect(await page.locator('body img, main script').count()).toBe(0)
    expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined()
  })

  test.each([360, 800, 1600])('at %i pixels it fits, and axe finds nothing', async (width) => {
    const { state, sample, round } = replayed()
    const server = await serve(state)
    for (let i = 0; i < 20; i++) sample(500)
    round(500)
    const { page } = await open(server.url, width)
    await page.locator('#drawing svg').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true)
    await page.evaluate(AXE)
    const violations = await page.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
      }
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
    })
    expect(violations).toEqual([])
  })

  test('a role is switched off by keyboard, and stays off while the page continues', async () => {
    const { state, sample } = replayed()
    const server = await serve(state)
    for (let i = 0; i < 10; i++) sample(500)
    const { page } = await open(server.url)
    const lines = page.locator('#drawing [data-mark=line] path')
    await page.locator('#drawing svg').waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).value)).toBe('server')
    await page.keyboard.press('Space')
    await expect.poll(() => lines.count()).toBe(1)
    const before = await page.locator('#drawing').innerHTML()
    for (let i = 0; i < 10; i++) sample(500)
    await expect.poll(() => page.locator('#drawing').innerHTML(), { timeout: 10_000 }).not.toBe(before)
    expect(await lines.count()).toBe(1)
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).value)).toBe('server')
  })

  test('comes back by itself after the connection was lost', async () => {
    const { state, sample } = replayed()
    const server = await serve(state)
    for (let i = 0; i < 10; i++) sample(500)
    const { page } = await open(server.url)
    await page.locator('#drawing svg').waitFor()
    const { port } = new URL(server.url)
    await server.close()
    await page.getByText('The connection was lost').waitFor()
    await serve(state, Number(port))
    await expect.poll(() => page.locator('#connection').textContent(), { timeout: 20_000 }).toBe('live')
    for (let i = 0; i < 10; i++) sample(500)
    const before = await page.locator('#drawing').innerHTML()
    for (let i = 0; i < 10; i++) sample(500)
    await expect.poll(() => page.locator('#drawing').innerHTML(), { timeout: 10_000 }).not.toBe(before)
  })

  test('comes back by itself after a network failed, which closes no connection', async () => {
    const { state, sample } = replayed()
    const server = await serve(state)
    for (let i = 0; i < 10; i++) sample(500)
    const network = await networkTo(Number(new URL(server.url).port))
    const { page } = await open(`http://127.0.0.1:${network.port}/`)
    await page.locator('#drawing svg').waitFor()
    network.fail()
    await page.getByText('The connection was lost').waitFor({ timeout: 20_000 })
    network.mend()
    await expect.poll(() => page.locator('#connection').textContent(), { timeout: 20_000 }).toBe('live')
  })

  test('an hour at 10 Hz leaves the heap of the tab as it was after ten minutes', async () => {
    const { state, sample, round } = replayed()
    const server = await serve(state)
    const { page } = await open(server.url)
    const session = await page.context().newCDPSession(page)
    let fed = 0
    const feedUntil = async (samples: number) => {
      while (fed < samples) {
        for (let i = 0; i < 900 && fed < samples; i++) {
          sample(100)
          if (++fed % 36 === 0) round(100)
        }
        const rounds = String(Math.floor(fed / 36))
        await page
          .locator('#rounds tbody tr', { has: page.getByRole('cell', { name: rounds, exact: true }) })
          .first()
          .waitFor()
      }
      return heapOf(page, session)
    }
    const afterTenMinutes = await feedUntil(6000)
    const afterAnHour = await feedUntil(36_000)
    expect(afterAnHour / afterTenMinutes).toBeLessThan(1.1)
  }, 240_000)
})
