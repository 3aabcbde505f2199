import { OnlineRegression } from '../statistics/regression/online-regression.js'
import { downsampleColumns, type Point, pointsOf } from './downsample.js'

/**
 * Most points that are held. At this number an eighth of them is kept, including every peak and
 * trough.
 */
const MOST_POINTS = 16_384
/** Initial capacity; small, since most processes of a tree are short-lived. */
const FIRST_POINTS = 64
/** Distance of two readings that counts as a gap in the line, as a multiple of the usual one. */
const GAP_INTERVALS = 8
/** Readings that are needed to know the usual distance. */
const READINGS_FOR_INTERVAL = 8

/**
 * One line of a plot, built from passing readings in constant memory: downsampled points, the
 * highest reading, and a fit.
 */
export class DownsamplingSeries {
  #timesMs = new Float64Array(FIRST_POINTS)
  /** Values; NaN where nothing was read. */
  #values = new Float64Array(FIRST_POINTS)
  #length = 0
  #points: Point[] | null = null
  #highestMs = 0
  #highestBytes = -1
  #line = new OnlineRegression()
  #readings = 0
  #firstMs = 0
  #lastMs = 0

  add(timeMs: number, rssBytes: number | null): void {
    if (rssBytes === null) {
      this.#push(timeMs, Number.NaN)
      return
    }
    if (this.#readings === 0) this.#firstMs = timeMs
    else this.#addGap(timeMs)
    this.#lastMs = timeMs
    this.#readings++
    this.#push(timeMs, rssBytes)
    this.#line.add(timeMs, rssBytes)
    if (rssBytes <= this.#highestBytes) return
    this.#highestMs = timeMs
    this.#highestBytes = rssBytes
  }

  /** Points ordered by time, at most 16,384; null where nothing was read. */
  get points(): readonly Point[] {
    this.#points ??= pointsOf(this.#timesMs, this.#values, this.#length)
    return this.#points
  }

  get highest(): { timeMs: number; rssBytes: number } | null {
    return this.#highestBytes < 0 ? null : { timeMs: this.#highestMs, rssBytes: this.#highestBytes }
  }

  /** Returns bytes at time zero, and bytes per ms. */
  fit(): { interceptBytes: number; bytesPerMs: number } | null {
    const line = this.#line.fit()
    return line === null ? null : { interceptBytes: line.intercept, bytesPerMs: line.slope }
  }

  #push(timeMs: number, value: number): void {
    if (this.#length === MOST_POINTS)
      this.#length = downsampleColumns(this.#timesMs, this.#values, this.#length, MOST_POINTS / 8)
    else if (this.#length === this.#timesMs.length) {
      this.#timesMs = grown(this.#timesMs)
      this.#values = grown(this.#values)
    }
    this.#timesMs[this.#length] = timeMs
    this.#values[this.#length++] = value
    this.#points = null
  }

  #addGap(timeMs: number): void {
    if (this.#readings < READINGS_FOR_INTERVAL) return
    const usualMs = (this.#lastMs - this.#firstMs) / (this.#readings - 1)
    if (timeMs - this.#lastMs > GAP_INTERVALS * usualMs) this.#push(this.#lastMs + usualMs, Number.NaN)
  }
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * column.length)
  larger.set(column)
  return larger
}
