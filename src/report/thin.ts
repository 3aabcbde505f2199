/** RSS of one process at one moment; null where it could not be read, which is a gap and not a zero. */
export type Point = [timeMs: number, rssBytes: number | null]

/**
 * Min-max thinning: at most about `limit` points, of which every bucket of time keeps its lowest and its highest, so
 * that each peak and each trough stays at its own time and height. First and last points stay, and so does a gap.
 * O(n), one pass; points must be in the order of time.
 */
export function thin(points: readonly Point[], limit: number): Point[] {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length <= limit) return [...points]
  const buckets = Math.max(1, Math.floor((limit - 2) / 2))
  const widthMs = (last[0] - first[0]) / buckets || 1
  const kept: Point[] = [first]
  let bucket = 0
  let low: Point | undefined
  let high: Point | undefined
  let gap: Point | undefined
  const keep = () => {
    const chosen = new Set([low, high, gap].filter((point) => point !== undefined))
    kept.push(...[...chosen].sort((a, b) => a[0] - b[0]))
    low = high = gap = undefined
  }
  for (let i = 1; i < points.length - 1; i++) {
    const point = points[i]!
    const own = Math.min(buckets - 1, Math.floor((point[0] - first[0]) / widthMs))
    if (own !== bucket) {
      keep()
      bucket = own
    }
    if (point[1] === null) gap ??= point
    else {
      if (low === undefined || point[1] < low[1]!) low = point
      if (high === undefined || point[1] > high[1]!) high = point
    }
  }
  keep()
  kept.push(last)
  return kept
}
