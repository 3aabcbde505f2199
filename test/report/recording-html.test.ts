import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Point } from '../../src/report/downsample.js'
import { recordingHtml } from '../../src/report/html/recording-html.js'
import { CHROMIUM, needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'

const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-sync']

const MIB = 2 ** 20
const points = (height: number) => Array.from({ length: 601 }, (_, i): Point => [i * 100, height * MIB + i])
const data = {
  series: [
    { name: 'all processes', points: points(300) },
    { name: '</script><b>server', points: points(200), isChild: true },
  ],
  rounds: [{ round: 1, startMs: 0, endMs: 30_000 }],
  brackets: [],
  peaks: [],
}

test('a name that looks like markup stays text', () => {
  const html = recordingHtml(data, { title: '<script>alert(1)</script>' })
  expect(html).toContain('<h1>&lt;script&gt;alert(1)&lt;/script&gt;</h1>')
  expect(html).not.toContain('</script><b>server')
})

describe('a page of recordings in a browser, opened from disk', needs('Chromium'), () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  })
  afterAll(() => browser.close())

  async function open(): Promise<{ page: Page; messages: string[]; requests: string[]; url: string }> {
    const file = join(temporaryFolder(), 'plot.html')
    writeFileSync(file, recordingHtml(data, { title: 'two lines' }))
    const page = await browser.newPage({ viewport: { width: 1000, height: 700 } })
    onTestFinished(() => page.close())
    const [messages, requests]: [string[], string[]] = [[], []]
    page.on('console', (message) => messages.push(message.text()))
    page.on('pageerror', (error) => messages.push(error.message))
    page.on('request', (request) => requests.push(request.url()))
    const url = pathToFileURL(file).href
    await page.goto(url)
    return { page, messages, requests, url }
  }

  test('draws without a message on the console and without a request', async () => {
    const { page, messages, requests, url } = await open()
    expect(await page.locator('#drawing [aria-label="line"] path').count()).toBe(2)
    expect(messages).toEqual([])
    expect(requests).toEqual([url])
  })

  test('a line can be switched off and on again', async () => {
    const { page } = await open()
    const box = page.locator('#series input').nth(1)
    await box.uncheck()
    expect(await page.locator('#drawing [aria-label="line"] path').count()).toBe(1)
    await box.check()
    expect(await page.locator('#drawing [aria-label="line"] path').count()).toBe(2)
  })

  test('dragging across the plot shows that part of the time, and a double click all of it', async () => {
    const { page } = await open()
    const lastTick = () => page.locator('#drawing [aria-label="x-axis tick label"] text').last().textContent()
    expect(await lastTick()).toBe('60')
    const box = (await page.locator('#drawing svg').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2)
    await page.mouse.up()
    expect(Number(await lastTick())).toBeLessThan(31)
    expect(Number(await lastTick())).toBeGreaterThan(25)
    await page.locator('#drawing svg').dblclick({ position: { x: box.width / 2, y: box.height / 2 } })
    expect(await lastTick()).toBe('60')
  })
})
