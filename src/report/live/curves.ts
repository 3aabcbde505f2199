/** Extremes of a stretch of time. */
interface Bucket {
  /** Times of the first and the last value of the stretch. */
  startMs: number
  endMs: number
  lowBytes: number
  highBytes: number
}

/** Values of one name over time, as pairs of time in ms and bytes. */
export interface Curve {
  name: string
  points: [timeMs: number, bytes: number][]
}

const FIRST_WIDTH_MS = 500
/** Most stretches of a curve. Each has two points, and a figure is some 1000 pixels wide. */
const MOST_BUCKETS = 600
/** Most curves. Further roles share the last one, which shows the highest of them. */
const MOST_CURVES = 12
const OTHERS = 'others'

/**
 * Memory of each role over time, in constant space: when a curve is full, every two stretches
 * become one, with the highest and the lowest of both. The server keeps a set for pages that
 * connect later, and each page has its own.
 */
export class Curves {
  readonly #curves = new Map<string, { widthMs: number; buckets: Bucket[] }>()

  add(role: string, timeMs: number, bytes: number): void {
    const isFull = this.#curves.size >= MOST_CURVES - 1 && !this.#curves.has(role)
    const name = isFull ? OTHERS : role
    const curve = this.#curves.get(name) ?? { widthMs: FIRST_WIDTH_MS, buckets: [] }
    this.#curves.set(name, curve)
    const last = curve.buckets.at(-1)
    if (last !== undefined && timeMs < last.startMs + curve.widthMs) {
      last.endMs = timeMs
      last.lowBytes = Math.min(last.lowBytes, bytes)
      last.highBytes = Math.max(last.highBytes, bytes)
      return
    }
    curve.buckets.push({ startMs: timeMs, endMs: timeMs, lowBytes: bytes, highBytes: bytes })
    if (curve.buckets.length <= MOST_BUCKETS) return
    curve.widthMs *= 2
    curve.buckets = halved(curve.buckets)
  }

  /** Returns all curves, the oldest point first. */
  all(): Curve[] {
    return [...this.#curves].map(([name, { buckets }]) => ({
      name,
      points: buckets.flatMap(({ startMs, endMs, lowBytes, highBytes }): Curve['points'] =>
        startMs === endMs
          ? [[startMs, highBytes]]
          : [
              [startMs, highBytes],
              [endMs, lowBytes],
            ],
      ),
    }))
  }

  /** Replaces all curves by the given ones. */
  load(curves: readonly Curve[]): void {
    this.#curves.clear()
    for (const { name, points } of curves) for (const [timeMs, bytes] of points) this.add(name, timeMs, bytes)
  }
}

function halved(buckets: readonly Bucket[]): Bucket[] {
  const halves: Bucket[] = []
  for (let i = 0; i < buckets.length; i += 2) {
    const [first, second = first] = [buckets[i]!, buckets[i + 1]]
    halves.push({
      startMs: first.startMs,
      endMs: second.endMs,
      lowBytes: Math.min(first.lowBytes, second.lowBytes),
      highBytes: Math.max(first.highBytes, second.highBytes),
    })
  }
  return halves
}
