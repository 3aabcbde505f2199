/** The first screen of a report, in Chromium at three sizes: what is seen, how it is worked, and whether all can. */
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INKS } from '../../src/report/figures/parts/figure.js'
import { reportHtml } from '../../src/report/html/html.js'
import { needs } from '../optional-parts.js'
import { launchBrowser, openPage } from './browser.js'
import { exampleSettings } from './example-comparison.js'
import { exampleView } from './example-view.js'

const SIZES = [
  ['a desktop', { width: 1400, height: 900 }],
  ['a tablet', { width: 820, height: 1180 }],
  ['a phone', { width: 390, height: 844 }],
] as const

describe('the first screen', needs('Chromium'), () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  const open = (options: BrowserContextOptions = {}, view = exampleView()) =>
    openPage(browser, reportHtml(view), { viewport: { width: 1400, height: 900 }, ...options })

  test('at 1400 x 900 has headline, choice, three key figures and the whole figure of all settings', async () => {
    const { page } = await open()
    const bottom = await page
      .locator('[data-figure=settings-over-rounds] svg')
      .evaluate((svg) => svg.getBoundingClientRect().bottom)
    expect(bottom).toBeLessThanOrEqual(900)
    expect(await page.locator('.headline').textContent()).toMatch(/MiB/)
    expect(await page.locator('.key-figures .value').count()).toBe(3)
    const labels = page.locator('[data-figure=settings-over-rounds] svg text')
    for (const { label } of exampleSettings())
      expect(await labels.filter({ hasText: new RegExp(`^${label}$`) }).count()).toBe(1)
  })

  test.each(SIZES)('on %s comes in the same order, and nothing sticks out', async (_what, viewport) => {
    const { page } = await open({ viewport })
    const order = [
      'h1',
      '.headline',
      '.choice',
      '.key-figures',
      '.main-figure svg',
      '#settings-table',
      '.figures',
      '#repeat',
    ]
    const tops = await Promise.all(
      order.map((place) =>
        page
          .locator(place)
          .first()
          .evaluate((element) => element.getBoundingClientRect().top),
      ),
    )
    expect(tops).toEqual([...tops].sort((a, b) => a - b))
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width)
    const cut = await page.evaluate(`[...document.querySelectorAll('.answer *, .main-figure *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.textContent)`)
    expect(cut).toEqual([])
  })

  describe.each(SIZES)('on %s', (_what, viewport) => {
    test.each(['light', 'dark'] as const)(
      'in the %s axe finds nothing, with rows, tables and warnings open',
      async (colorScheme) => {
        const settings = exampleSettings().slice(0, 3)
        // Few lines: axe looks at each element of each figure.
        const view = exampleView({ settings, trials: 2, rounds: 5, failing: [settings[0]!.label] })
        const { page } = await open({ viewport, colorScheme }, view)
        await page.evaluate(
          "for (const one of document.querySelectorAll('#settings-table tbody button, summary')) one.click()",
        )
        await page.locator('[data-figure=settings-over-rounds] .values td').first().waitFor()
        await page.evaluate(axe.source)
        expect(await violations(page)).toEqual([])
      },
      120_000,
    )
  })

  test('the line to paste is copied by the keyboard, and the output says so', async () => {
    const { page } = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    const line = await page.locator('#choice').textContent()
    await page.locator('[data-copies=choice]').focus()
    await page.keyboard.press('Enter')
    await page.waitForFunction(`document.getElementById('said').textContent === 'Copied'`)
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(line)
  })

  test('a row opens what was seen of its setting, and heads sort by number', async () => {
    const { page } = await open()
    const opener = page.locator('#settings-table tbody button').first()
    const seen = page.locator('#seen-0')
    expect(await seen.isVisible()).toBe(false)
    await opener.focus()
    await page.keyboard.press('Enter')
    expect(await seen.isVisible()).toBe(true)
    expect(await seen.textContent()).toContain('Highest peak: ')
    const peaks = async () =>
      (await page.locator('#settings-table tbody tr:first-child td:nth-child(3)').allTextContents()).map(
        Number.parseFloat,
      )
    await page.getByRole('button', { name: 'Peak MiB' }).click()
    expect(await peaks()).toEqual([...(await peaks())].sort((a, b) => a - b))
    await page.getByRole('button', { name: 'Peak MiB' }).click()
    expect(await peaks()).toEqual([...(await peaks())].sort((a, b) => b - a))
    expect(await page.locator('#settings-table [aria-sort]').getAttribute('aria-sort')).toBe('descending')
    // What belongs to a setting moved with it.
    expect(await seen.isVisible()).toBe(true)
  })

  test('dragging across rounds shows those, and a button shows all of them again', async () => {
    const { page } = await open()
    const figure = page.locator('[data-figure=settings-over-rounds]')
    const ticks = async () =>
      (await figure.locator('[aria-label="x-axis tick label"] text').allTextContents()).map(Number)
    expect(Math.max(...(await ticks()))).toBe(20)
    const box = (await figure.locator('svg').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.2, box.y + 100)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + 100)
    await page.mouse.up()
    expect(Math.max(...(await ticks()))).toBeLessThan(14)
    await page.getByRole('button', { name: 'Show all rounds' }).click()
    expect(Math.max(...(await ticks()))).toBe(20)
  })

  test('settings are overlaid or in panels', async () => {
    const { page } = await open()
    const names = page.locator('[data-figure=settings-over-rounds] svg text', { hasText: /^gc=5 arena=4$/ })
    const height = () =>
      page.locator('[data-figure=settings-over-rounds] svg').evaluate((svg) => svg.getBoundingClientRect().height)
    const overlaid = await height()
    await page.getByLabel('in panels').check()
    expect(await names.count()).toBe(1)
    expect(await height()).toBeGreaterThan(overlaid)
    await page.getByLabel('overlaid').check()
    expect(await height()).toBe(overlaid)
  })

  test('filtering leaves what is below where it is', async () => {
    const { page } = await open()
    const places = () =>
      page.evaluate<number[]>(
        `[scrollY, ...[...document.querySelectorAll('h2, #settings')].map((one) => one.getBoundingClientRect().top)]`,
      )
    await page.locator('[data-figure=end-rss-by-round]').scrollIntoViewIfNeeded()
    const before = await places()
    for (const { label } of exampleSettings().slice(0, 4)) await page.getByLabel(label, { exact: true }).uncheck()
    // Less than half a pixel is the rounding of the layout.
    const after = await places()
    expect(after.length).toBe(before.length)
    for (const [i, place] of after.entries()) expect(Math.abs(place - before[i]!)).toBeLessThan(0.5)
  })

  test('every figure is one image with a sentence, and its values stand in a table that the keyboard opens', async () => {
    const { page } = await open()
    const images = page.locator('[data-figure] svg[role=img]')
    expect(await images.count()).toBe(await page.locator('[data-figure]').count())
    expect(await images.first().getAttribute('aria-label')).toMatch(
      /^Memory at the end of each round, by setting\. Medians over 20 rounds: gc=0/,
    )
    const summary = page.locator('[data-figure=settings-over-rounds] summary')
    await summary.focus()
    await page.keyboard.press('Enter')
    const rows = page.locator('[data-figure=settings-over-rounds] .values tbody tr')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(6 * 20)
    await page.getByLabel('gc=0 arena=4', { exact: true }).uncheck()
    expect(await rows.count()).toBe(5 * 20)
  })
})

test('a report of 24 trials is at most 1.5 MB', () => {
  expect(Buffer.byteLength(reportHtml(exampleView({ rounds: 30 })))).toBeLessThanOrEqual(1.5e6)
})

test.each(['light', 'dark'] as const)(
  'in the %s, marks have a contrast of 3 and what is read as text of 4.5',
  (theme) => {
    const { background, settings, limit, text, faint, reference, roles, cleanup, parts } = INKS[theme]
    const below = (least: number, colors: readonly string[]) =>
      colors.filter((color) => contrast(color, background) < least)
    expect(below(4.5, [...settings, limit, text, faint, reference])).toEqual([])
    expect(below(3, [...roles, cleanup, ...Object.values(parts)])).toEqual([])
  },
)

/** Rules that axe sees broken, each with what it broke on. */
async function violations(page: Page): Promise<string[]> {
  const found = (await page.evaluate('axe.run()')) as axe.AxeResults
  return found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(({ html }) => html.slice(0, 160))
        .join(' | ')}`,
  )
}

/** WCAG 2.1: the ratio of relative luminances. */
function contrast(first: string, second: string): number {
  const [light, dark] = [luminance(first), luminance(second)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((from) => {
    const value = Number.parseInt(color.slice(from, from + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
