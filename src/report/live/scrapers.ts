import type { ScrapeReader } from '../../recording/peaks/scrape.js'

/** Identity of a scraper. Prometheus sends no name of its own, so its connection identifies it. */
export interface Scraper {
  /** Value of `?scraper=NAME`, where it was given. */
  name: string | undefined
  address: string
  agent: string
  /** Connection: any object that is the same for each of its requests. */
  connection: object
}

/** Most readers that are kept; beyond this, the least recently used one is closed. */
const MOST_READERS = 64

interface Kept {
  reader: ScrapeReader
  group: string
  /** Connection of the scraper; null when it has ended. */
  connection: object | null
  usedAt: number
}

/**
 * Gives each scraper its own reader of peaks. A scraper is identified by its name, or without one
 * by its connection. When that has ended, the next new connection with the same address and program
 * continues where it stopped.
 */
export class Scrapers {
  readonly #open: () => ScrapeReader
  #kept: Kept[] = []
  #uses = 0

  constructor(open: () => ScrapeReader) {
    this.#open = open
  }

  readerOf({ name, address, agent, connection }: Scraper): ScrapeReader {
    const group = name === undefined ? `${address} ${agent}` : `name ${name}`
    const own = this.#kept.filter((one) => one.group === group)
    const kept =
      own.find((one) => name !== undefined || one.connection === connection) ??
      own.filter((one) => one.connection === null).sort((a, b) => a.usedAt - b.usedAt)[0] ??
      this.#add(group)
    kept.connection = connection
    kept.usedAt = ++this.#uses
    return kept.reader
  }

  connectionEnded(connection: object): void {
    for (const kept of this.#kept) if (kept.connection === connection) kept.connection = null
  }

  close(): void {
    for (const { reader } of this.#kept) reader.close()
    this.#kept = []
  }

  #add(group: string): Kept {
    if (this.#kept.length >= MOST_READERS) {
      const oldest = this.#kept.reduce((a, b) => (a.usedAt <= b.usedAt ? a : b))
      oldest.reader.close()
      this.#kept = this.#kept.filter((one) => one !== oldest)
    }
    const kept = { reader: this.#open(), group, connection: null, usedAt: 0 }
    this.#kept.push(kept)
    return kept
  }
}
