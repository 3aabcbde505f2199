import { RunningLine } from './running-line.js'
import { type Point, thin } from './thin.js'

/** Points that are held at most; each time there are more, an eighth of them is kept, every peak and trough among it. */
const MOST_POINTS = 16_384
/** A distance of two readings this many times the usual one is a gap in the line. */
const GAP_INTERVALS = 8
/** Before this many readings there is no usual distance. */
const READINGS_FOR_INTERVAL = 8

/** One line of a plot as its readings go by, in bounded memory, whatever their number: thinned points, the highest reading, a fit. */
export class ThinningSeries {
  #points: Point[] = []
  #highest: { timeMs: number; rssBytes: number } | null = null
  #line = new RunningLine()
  #readings = 0
  #firstMs = 0
  #lastMs = 0

  add(timeMs: number, rssBytes: number | null): void {
    if (rssBytes === null) {
      this.#points.push([timeMs, null])
      return
    }
    if (this.#readings === 0) this.#firstMs = timeMs
    else this.#addGap(timeMs)
    this.#lastMs = timeMs
    this.#readings++
    this.#points.push([timeMs, rssBytes])
    this.#line.add(timeMs, rssBytes)
    if (rssBytes > (this.#highest?.rssBytes ?? -1)) this.#highest = { timeMs, rssBytes }
    if (this.#points.length > MOST_POINTS) this.#points = thin(this.#points, MOST_POINTS / 8)
  }

  /** Fewer than 16,384, in the order of time; null where nothing was read. */
  get points(): readonly Point[] {
    return this.#points
  }

  get highest(): { timeMs: number; rssBytes: number } | null {
    return this.#highest
  }

  /** Bytes at time zero, and bytes a ms. */
  fit(): { interceptBytes: number; bytesPerMs: number } | null {
    const line = this.#line.fit()
    return line === null ? null : { interceptBytes: line.intercept, bytesPerMs: line.slope }
  }

  #addGap(timeMs: number): void {
    if (this.#readings < READINGS_FOR_INTERVAL) return
    const usualMs = (this.#lastMs - this.#firstMs) / (this.#readings - 1)
    if (timeMs - this.#lastMs > GAP_INTERVALS * usualMs) this.#points.push([this.#lastMs + usualMs, null])
  }
}
