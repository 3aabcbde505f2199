import type { ScrapeReader } from '../../recording/peaks/scrape.js'
import type { LiveEvent, LiveStatus } from '../../verdict/live/live-status.js'

/** A recording that runs, as the page and the scrapers see it. */
export interface LiveSource {
  /** What the page is called: the command, or the trial of a comparison. */
  title: string
  status(): LiveStatus
  /** @returns ends the subscription */
  subscribe(listener: (event: LiveEvent) => void): () => void
  openScrape(): ScrapeReader
}
