/**
 * RSS of one process at one moment; null where it could not be read, which is a gap and not a zero.
 */
export type Point = [timeMs: number, rssBytes: number | null]

/**
 * Min-max downsampling: keeps at most about `limit` points. Each bucket of time keeps its lowest
 * and its highest, so every peak and trough stays at its own time and height. The first and last
 * points stay, and so do gaps. O(n), one pass; points must be ordered by time.
 */
export function downsample(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit) return [...points]
  const timesMs = Float64Array.from(points, ([timeMs]) => timeMs)
  const values = Float64Array.from(points, ([, rssBytes]) => rssBytes ?? Number.NaN)
  return pointsOf(timesMs, values, downsampleColumns(timesMs, values, points.length, limit))
}

/** Returns the first `length` points of two columns. NaN marks a value that could not be read. */
export function pointsOf(timesMs: Float64Array, values: Float64Array, length: number): Point[] {
  return Array.from({ length }, (_, i) => [timesMs[i]!, Number.isNaN(values[i]!) ? null : values[i]!])
}

/**
 * Downsamples two columns in place, without allocating an object per point. NaN marks a value that
 * could not be read.
 *
 * @returns the number of points that are left
 */
export function downsampleColumns(timesMs: Float64Array, values: Float64Array, length: number, limit: number): number {
  if (length <= limit || length < 2) return length
  const last = length - 1
  const firstMs = timesMs[0]!
  const buckets = Math.max(1, Math.floor((limit - 2) / 2))
  const widthMs = (timesMs[last]! - firstMs) / buckets || 1
  let bucket = 0
  let [low, high, gap] = [NONE, NONE, NONE]
  let kept = 1
  for (let i = 1; i <= last; i++) {
    const own = i === last ? buckets : Math.min(buckets - 1, Math.floor((timesMs[i]! - firstMs) / widthMs))
    if (own !== bucket) {
      kept = keep(timesMs, values, kept, low, high, gap)
      bucket = own
      low = high = gap = NONE
    }
    const value = values[i]!
    if (i === last) break
    if (Number.isNaN(value)) {
      if (gap === NONE) gap = i
    } else {
      if (low === NONE || value < values[low]!) low = i
      if (high === NONE || value > values[high]!) high = i
    }
  }
  timesMs[kept] = timesMs[last]!
  values[kept] = values[last]!
  return kept + 1
}

const NONE = -1

/** Moves up to three points, in order, to the end of the kept ones, which is never behind them. */
function keep(timesMs: Float64Array, values: Float64Array, kept: number, ...chosen: [number, number, number]): number {
  let to = kept
  let before = NONE
  for (let left = chosen.length; left > 0; left--) {
    let next = Number.POSITIVE_INFINITY
    for (const index of chosen) if (index > before && index < next) next = index
    if (next === Number.POSITIVE_INFINITY) break
    timesMs[to] = timesMs[next]!
    values[to] = values[next]!
    to++
    before = next
  }
  return to
}
