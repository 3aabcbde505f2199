import type { ScrapeReader } from '../../recording/peaks/scrape.js'
import type { LiveEvent, LiveStatus } from '../../verdict/live/live-status.js'

/** A running recording, as the page and the scrapers see it. */
export interface LiveSource {
  /** Title of the page: the command, or the trial of a comparison. */
  title: string
  status(): LiveStatus
  /** @returns a function that ends the subscription */
  subscribe(listener: (event: LiveEvent) => void): () => void
  openScrape(): ScrapeReader
}
