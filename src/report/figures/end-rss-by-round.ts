import { dot, gridY, line, type Markish, pointer, ruleY, text, tip } from '@observablehq/plot'
import { median } from 'd3'
import { formatBytes, MIB } from '../../shared/units.js'
import type { ReportData } from '../html/report-data.js'
import { roundAxis, valueAxis } from './parts/axes.js'
import { type Figure, type FigureOptions, FONT_SIZE, frame } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { panelLayout, panelsOf } from './parts/panels.js'
import { type JudgedRound, judgedRounds, lastRound, lineOf } from './rounds.js'

const PANEL_HEIGHT = 190

/**
 * Draws the end RSS of the judged role by round, a panel per setting: thin lines are trials, the
 * bold one their median. The shape is judged on these values. A triangle marks a round that ended
 * with a cleanup.
 */
export function endRssByRound(data: ReportData, options: FigureOptions = {}): Figure {
  const { width, ink, style } = frame(options)
  const panels = panelsOf(data.settings, width, PANEL_HEIGHT)
  const rounds = judgedRounds(data)
  const medians = medianByRound(rounds.filter(({ isCompleted }) => isCompleted))
  const cleaned = rounds.filter((row) => row.round.cleanup !== null && row.trial === firstTrialOf(rounds, row.setting))
  const facet = {
    fx: (d: { setting: string }) => panels.fx(d.setting),
    fy: (d: { setting: string }) => panels.fy(d.setting),
  }
  const at = {
    ...facet,
    x: (row: JudgedRound) => row.round.round,
    y: (row: JudgedRound) => row.round.endRssBytes / MIB,
  }
  const highest = Math.max(1, ...rounds.map((row) => row.round.endRssBytes))
  const color = ink.roles[0]!
  const entries: LegendEntry[] = [
    { label: `median of the trials of the ${data.judge}`, color, symbol: 'line' },
    { label: 'one trial', color, symbol: 'thin' },
  ]
  if (cleaned.length > 0)
    entries.push({ label: 'round that ends with a cleanup', color: ink.cleanup, symbol: 'triangle' })
  if (data.modelBytes !== null)
    entries.push({ label: `M: ${formatBytes(data.modelBytes)}`, color: ink.reference, symbol: 'dash' })
  const margins = { top: legendHeight(entries, width) + 30, bottom: 44 }
  const marks: Markish[] = [
    gridY({ stroke: ink.grid, strokeOpacity: 1 }),
    ruleY([0], { stroke: ink.faint }),
    ...modelRule(data.modelBytes, ink.reference),
    line(rounds, { ...at, z: lineOf, stroke: color, strokeWidth: 0.8, strokeOpacity: 0.6 }),
    line(medians, { ...facet, x: 'round', y: (d: MedianRound) => d.bytes / MIB, stroke: color, strokeWidth: 2.4 }),
    dot(medians, { ...facet, x: 'round', y: (d: MedianRound) => d.bytes / MIB, fill: color, r: 1.8 }),
    dot(cleaned, {
      ...facet,
      x: (row: JudgedRound) => row.round.round,
      frameAnchor: 'bottom',
      dy: -6,
      symbol: 'triangle',
      rotate: 180,
      r: 3,
      fill: ink.cleanup,
    }),
    roundAxis(lastRound(data), ink),
    valueAxis('RSS at the end of the round (MiB)', ink),
    panels.titles,
    legend(entries, ink),
  ]
  if (options.tips) marks.push(tip(rounds, pointer({ ...at, title, fill: ink.background })))
  return {
    ariaLabel: 'RSS at the end of each round',
    ...panelLayout(panels, { width, margins, style }),
    x: { domain: [1, Math.max(2, lastRound(data))], inset: 6 },
    y: { domain: [0, (highest * 1.04) / MIB], nice: true, ticks: 6, insetBottom: 12 },
    r: { type: 'identity' },
    marks,
  } as Figure
}

interface MedianRound {
  setting: string
  round: number
  bytes: number
}

function medianByRound(rounds: readonly JudgedRound[]): MedianRound[] {
  const groups = new Map<string, JudgedRound[]>()
  for (const row of rounds) {
    const key = `${row.round.round} ${row.setting}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()].map((rows) => ({
    setting: rows[0]!.setting,
    round: rows[0]!.round.round,
    bytes: median(rows, (row) => row.round.endRssBytes)!,
  }))
}

/**
 * Returns the first trial of a setting. All its trials clean up at the same rounds, so one row of
 * triangles is enough.
 */
function firstTrialOf(rounds: readonly JudgedRound[], setting: string): number {
  return Math.min(...rounds.filter((row) => row.setting === setting).map((row) => row.trial))
}

function modelRule(modelBytes: number | null, color: string): Markish[] {
  if (modelBytes === null) return []
  return [
    ruleY([modelBytes / MIB], { stroke: color, strokeWidth: 1.2, strokeDasharray: '5,3' }),
    text(['M'], {
      frameAnchor: 'right',
      y: [modelBytes / MIB],
      dy: -FONT_SIZE / 2 - 1,
      dx: -3,
      textAnchor: 'end',
      fill: color,
      fontWeight: 'bold',
    }),
  ]
}

function title({ setting, trial, round }: JudgedRound): string {
  const cleanup = round.cleanup ? ', after cleanup' : ''
  return `${setting}, trial ${trial}\nend of round ${round.round}${cleanup}: ${formatBytes(round.endRssBytes)}`
}
