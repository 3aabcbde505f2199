import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportHtml } from '../../src/report/html/html.js'
import { needs } from '../optional-parts.js'
import { launchBrowser, openPage } from './browser.js'
import { exampleSettings } from './example-comparison.js'
import { exampleView } from './example-view.js'

describe('report.html in a browser, opened from disk', needs('Chromium'), () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('draws every figure without a message on the console and without a request', async () => {
    const { page, messages, requests, url } = await open(exampleView())
    expect(await page.locator('[data-figure] svg').count()).toBe(7)
    expect(messages).toEqual([])
    expect(requests).toEqual([url])
  })

  test('hovering over a line shows setting, trial, time and value', async () => {
    const { page } = await open(exampleView())
    const drawing = page.locator('[data-figure=rss-over-time] svg')
    await drawing.hover({ position: { x: 200, y: 120 } })
    const tip = await page.locator('[data-figure=rss-over-time] [aria-label=tip]').innerHTML()
    expect(tip).toMatch(/gc=0 arena=unset, trial \d/)
    expect(tip).toMatch(/\d+\.\d MiB/)
  })

  test('switching a setting off by keyboard takes its panel away, and on brings it back', async () => {
    const { page } = await open(exampleView())
    const titles = page.locator('[data-figure=rss-over-time] svg text', { hasText: /^gc=5 arena=4$/ })
    expect(await titles.count()).toBe(1)
    const box = page.getByLabel('gc=5 arena=4', { exact: true })
    await box.focus()
    await page.keyboard.press('Space')
    expect(await titles.count()).toBe(0)
    await page.keyboard.press('Space')
    expect(await titles.count()).toBe(1)
  })

  test('switching a process off takes its lines away and leaves the colours of the others', async () => {
    const { page } = await open(exampleView())
    const line = page.locator('[data-figure=rss-over-time] [aria-label=line] path')
    const colors = () =>
      line.evaluateAll(
        (paths) =>
          new Set(paths.map((path) => path.getAttribute('stroke') ?? path.parentElement?.getAttribute('stroke'))).size,
      )
    const before = await line.count()
    const colorsBefore = await colors()
    await page.getByLabel('site-1', { exact: true }).uncheck()
    expect(await line.count()).toBe(before - 24)
    expect(await colors()).toBe(colorsBefore - 1)
  })

  test('processes of one role have a switch of their own, beside that of each', async () => {
    const { page } = await open(exampleView({ trials: 1, rounds: 4 }))
    const line = page.locator('[data-figure=rss-over-time] [aria-label=line] path')
    const before = await line.count()
    const clients = page.getByRole('group', { name: 'client', exact: true })
    const all = clients.getByRole('checkbox').first()
    await all.uncheck()
    const without = await line.count()
    expect(without).toBeLessThan(before)
    for (const each of await clients.getByRole('checkbox').all()) expect(await each.isChecked()).toBe(false)
    await page.getByLabel('site-1', { exact: true }).check()
    expect(await all.evaluate((box) => (box as HTMLInputElement).indeterminate)).toBe(true)
    expect(await line.count()).toBeGreaterThan(without)
    await all.check()
    expect(await line.count()).toBe(before)
  })

  test('with everything switched off the page says so instead of failing', async () => {
    const { page, messages } = await open(exampleView({ trials: 1, rounds: 4 }))
    for (const { label } of exampleSettings()) await page.getByLabel(label, { exact: true }).uncheck()
    expect(await page.locator('[data-figure] svg').count()).toBe(0)
    expect(await page.locator('[data-figure] .note').first().textContent()).toContain('switched off')
    expect(messages).toEqual([])
  })

  test('on a phone nothing sticks out of the page, and in the dark the page is dark', async () => {
    const { page } = await open(exampleView(), { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(20, 24, 29)')
  })

  test('a name that tries to end the script or to run one is shown as text', async () => {
    const label = `</script><script>document.title='taken'</script><img src=x onerror="document.title='taken'">`
    const view = exampleView({ trials: 1, rounds: 4, settings: [{ ...exampleSettings()[0]!, label }] })
    const { page, messages } = await open(view)
    expect(await page.title()).toBe('fedavg: memory over the rounds')
    expect(await page.locator('#settings label').textContent()).toBe(`A = ${label}`)
    expect(messages).toEqual([])
  })

  const open = (view: ReturnType<typeof exampleView>, options: BrowserContextOptions = {}) =>
    openPage(browser, reportHtml(view), options)
})
