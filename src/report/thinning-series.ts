import { OnlineRegression } from '../statistics/regression/online-regression.js'
import { downsampleColumns, type Point, pointsOf } from './downsample.js'

/** Points that are held at most; each time there are more, an eighth of them is kept, every peak and trough among it. */
const MOST_POINTS = 16_384
/** Most processes of a tree are short-lived. */
const FIRST_POINTS = 64
/** A distance of two readings this many times the usual one is a gap in the line. */
const GAP_INTERVALS = 8
/** Before this many readings there is no usual distance. */
const READINGS_FOR_INTERVAL = 8

/** One line of a plot as its readings go by, in bounded memory, whatever their number: thinned points, the highest reading, a fit. */
export class DownsamplingSeries {
  #timesMs = new Float64Array(FIRST_POINTS)
  /** NaN where nothing was read. */
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

  /** At most 16,384, in the order of time; null where nothing was read. */
  get points(): readonly Point[] {
    this.#points ??= pointsOf(this.#timesMs, this.#values, this.#length)
    return this.#points
  }

  get highest(): { timeMs: number; rssBytes: number } | null {
    return this.#highestBytes < 0 ? null : { timeMs: this.#highestMs, rssBytes: this.#highestBytes }
  }

  /** Bytes at time zero, and bytes a ms. */
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
