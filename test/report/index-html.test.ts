/** The index of several comparisons: hostile names stay text, and its links open from disk. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { indexHtml, writeIndex } from '../../src/report/html/index-html.js'
import type { ReportModel } from '../../src/report/html/report-model.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { launchBrowser, openPage } from './browser.js'
import { exampleSettings } from './example-comparison.js'
import { exampleView } from './example-view.js'

function named(name: string): ReportModel {
  const view = exampleView({ settings: exampleSettings().slice(0, 3), rounds: 12 })
  return { ...view, comparison: { ...view.comparison, name } }
}

const HOSTILE = `a/b "c" <img src=x onerror=alert(1)> 50% #1 ?q`

test('names are escaped, and links are relative and encoded', () => {
  const html = indexHtml([{ folder: HOSTILE, view: named(HOSTILE) }], 3)
  expect(html).not.toContain('<img')
  expect(html).toContain(`href="${encodeURIComponent(HOSTILE).replaceAll("'", '&#39;')}/report.html"`)
  expect(html).toContain('2 more comparisons to come')
  expect(html).not.toMatch(/(?:src|href)="(?:https?:|\/|file:)/)
})

describe('in Chromium', needs('Chromium'), () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  test('opens from disk without a request, leads to each report, and axe finds nothing', async () => {
    const folder = temporaryFolder()
    const name = 'odd #1 50% "q"'
    for (const one of ['fedavg', name]) {
      mkdirSync(join(folder, one))
      writeFileSync(join(folder, one, 'report.html'), `<title>report of ${one}</title>`)
    }
    const entries = ['fedavg', name].map((one) => ({ folder: one, view: named(one) }))
    const index = pathToFileURL(writeIndex(entries, folder, 2)).href
    const { page, messages, requests } = await openPage(browser, '', { viewport: { width: 390, height: 844 } })
    await page.goto(index)
    expect(requests.slice(1)).toEqual([index])
    expect(messages).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    await page.evaluate(axe.source)
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; help: string }[] }
    expect(violations.map(({ id, help }) => `${id}: ${help}`)).toEqual([])
    await page.getByRole('link', { name }).click()
    expect(await page.title()).toBe(`report of ${name}`)
  })
})
