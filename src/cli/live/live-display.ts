import { DownsamplingSeries } from '../../report/downsampling-series.js'
import { liveBlock } from '../../report/terminal/live-block.js'
import type { LiveState } from '../../verdict/live/live-state.js'
import { bottomBlock } from './bottom-block.js'

/** Height of the block: a chart of eight lines, and three lines for each of three roles. */
const BLOCK_LINES = 18
/** Least time between two paints; a new verdict is painted at once. */
const PAINT_MS = 500

/** Returns whether standard error is a terminal that a block can be painted on. */
export function canShowBlock(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb' && (stream.rows ?? 0) > 10
}

/**
 * Paints the live state at the bottom of a terminal until it is closed.
 *
 * @returns a function that closes it
 */
export function showLiveBlock(state: LiveState, stream: NodeJS.WriteStream): () => void {
  const block = bottomBlock(stream, BLOCK_LINES)
  const curves = new Map<string, DownsamplingSeries>()
  const { startedMs } = state.status()
  let paintedMs = Number.NEGATIVE_INFINITY
  const paint = () => {
    paintedMs = performance.now()
    const { columns, lines } = block
    if (lines === 0) return
    const drawn = [...curves].map(([role, series]) => ({ role, points: series.points }))
    block.paint(liveBlock(state.status(), drawn, { columns, lines }))
  }
  const unsubscribe = state.subscribe((event) => {
    if (event.kind === 'sample')
      for (const [role, rssBytes] of event.rssByRole) {
        const series = curves.get(role) ?? new DownsamplingSeries()
        curves.set(role, series)
        series.add(event.timeMs - startedMs, rssBytes)
      }
    if (event.kind === 'verdict' || performance.now() - paintedMs >= PAINT_MS) paint()
  })
  return () => {
    unsubscribe()
    block.close()
  }
}
