import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { CHROMIUM } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
}

export interface OpenedPage {
  page: Page
  /** What came on the console, errors of the page too. */
  messages: string[]
  requests: string[]
  url: string
}

/** Opens a page from disk, as a reader does. */
export async function openPage(
  browser: Browser,
  html: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 }, ...options })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const [messages, requests]: [string[], string[]] = [[], []]
  page.on('console', (message) => messages.push(message.text()))
  page.on('pageerror', (error) => messages.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  const file = join(temporaryFolder(), 'report.html')
  writeFileSync(file, html)
  const url = pathToFileURL(file).href
  await page.goto(url)
  return { page, messages, requests, url }
}
