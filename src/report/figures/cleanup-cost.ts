import { axisX, dot, gridX, type Markish, pointer, text, tickX, tip } from '@observablehq/plot'
import { median } from 'd3'
import { formatDuration } from '../../shared/units.js'
import type { ReportData } from '../html/report-data.js'
import { type Figure, type FigureOptions, frame } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { settingRows } from './parts/rows.js'
import { type JudgedRound, judgedRounds } from './rounds.js'

const ROW_HEIGHT = 34

/**
 * Draws what one cleanup of the judged role costs: a dot per cleanup, a tick for the median of a
 * setting, and its share of the round.
 */
export function cleanupCost(data: ReportData, options: FigureOptions = {}): Figure {
  const { width, ink, style, isNarrow } = frame(options)
  const all = judgedRounds(data)
  const cleanups = all.filter((row) => row.round.cleanup !== null)
  const settings = data.settings.filter((setting) => cleanups.some((row) => row.setting === setting))
  const rows = settingRows(settings, ink, ROW_HEIGHT)
  const medians = settings.map((setting) => ({ setting, ...costOf(all.filter((row) => row.setting === setting)) }))
  const color = ink.cleanup
  const entries: LegendEntry[] = [
    { label: 'one cleanup', color, symbol: 'dot' },
    { label: 'median', color: ink.text, symbol: 'tick' },
  ]
  const at = { x: (row: JudgedRound) => row.round.cleanup!.totalMs, y: 'setting' }
  const marginTop = legendHeight(entries, width) + 10
  const marks: Markish[] = [
    gridX({ stroke: ink.grid, strokeOpacity: 1 }),
    ...rows.marks,
    dot(cleanups, { ...at, r: 3, fill: color, fillOpacity: 0.3, stroke: color, strokeOpacity: 0.7, strokeWidth: 0.6 }),
    tickX(medians, { x: 'ms', y: 'setting', stroke: ink.text, strokeWidth: 2.4 }),
    axisX({
      label: `cleanup of the ${data.judge} (ms)`,
      labelAnchor: 'center',
      labelArrow: 'none',
      color: ink.text,
      tickSize: 4,
    }),
    legend(entries, ink),
  ]
  if (!isNarrow) {
    marks.push(
      text(medians, {
        y: 'setting',
        text: (cost: Cost) => `${formatDuration(cost.ms)}; ${(cost.share * 100).toFixed(1)} % of all rounds`,
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: 8,
        fill: ink.text,
      }),
    )
  }
  if (options.tips) marks.push(tip(cleanups, pointer({ ...at, title, fill: ink.background })))
  return {
    ariaLabel: 'Cost of cleanup',
    width,
    height: rows.height + marginTop + 44,
    marginTop,
    marginBottom: 44,
    marginLeft: rows.marginLeft,
    marginRight: isNarrow ? 16 : 210,
    style,
    x: { domain: [0, Math.max(1, ...cleanups.map((row) => row.round.cleanup!.totalMs * 1.05))] },
    y: { ...rows.scale, domain: settings },
    marks,
  } as Figure
}

interface Cost {
  ms: number
  share: number
}

/**
 * Returns the median cost of a cleanup. `share` is the time in cleanup over the time of all rounds
 * of the setting, including those without cleanup.
 */
function costOf(rows: readonly JudgedRound[]): Cost {
  const cleanups = rows.flatMap((row) => row.round.cleanup ?? [])
  const spentMs = cleanups.reduce((sum, cleanup) => sum + cleanup.totalMs, 0)
  const roundsMs = rows.reduce((sum, { round }) => sum + round.endMs - round.startMs, 0)
  return { ms: median(cleanups, (cleanup) => cleanup.totalMs) ?? 0, share: roundsMs > 0 ? spentMs / roundsMs : 0 }
}

function title({ setting, trial, round }: JudgedRound): string {
  const { gcMs, purgeMs, totalMs } = round.cleanup!
  const step = (name: string, ms: number | null) => (ms === null ? `${name} not run` : `${name} ${formatDuration(ms)}`)
  return `${setting}, trial ${trial}, round ${round.round}\ncleanup ${formatDuration(totalMs)}: ${step('gc', gcMs)}, ${step('purge', purgeMs)}`
}
