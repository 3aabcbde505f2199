import { gridY, line, type Markish, pointer, tip } from '@observablehq/plot'
import type { ReportData } from '../html/report-data.js'
import { roundAxis, valueAxis } from './parts/axes.js'
import { type Figure, type FigureOptions, frame } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { panelLayout, panelsOf } from './parts/panels.js'
import { type JudgedRound, judgedRounds, lastRound, lineOf } from './rounds.js'

const PANEL_HEIGHT = 110

/**
 * Draws the accuracy of the global model on held-out examples by round: a panel per setting, a line
 * per trial.
 */
export function accuracyOverRounds(data: ReportData, options: FigureOptions = {}): Figure {
  const { width, ink, style } = frame(options)
  const panels = panelsOf(data.settings, width, PANEL_HEIGHT)
  const rounds = judgedRounds(data).filter((row) => row.round.accuracy !== null)
  const at = {
    fx: (row: JudgedRound) => panels.fx(row.setting),
    fy: (row: JudgedRound) => panels.fy(row.setting),
    x: (row: JudgedRound) => row.round.round,
    y: (row: JudgedRound) => row.round.accuracy! * 100,
  }
  const color = ink.roles[0]!
  const entries: LegendEntry[] = [{ label: 'one trial', color, symbol: 'thin' }]
  const margins = { top: legendHeight(entries, width) + 30, bottom: 44 }
  const marks: Markish[] = [
    gridY([0, 25, 50, 75, 100], { stroke: ink.grid, strokeOpacity: 1 }),
    line(rounds, { ...at, z: lineOf, stroke: color, strokeWidth: 1.2, strokeOpacity: 0.75 }),
    roundAxis(lastRound(data), ink),
    valueAxis('accuracy (%)', ink, [0, 25, 50, 75, 100]),
    panels.titles,
    legend(entries, ink),
  ]
  if (options.tips) marks.push(tip(rounds, pointer({ ...at, title, fill: ink.background })))
  return {
    ariaLabel: 'Accuracy over rounds',
    ...panelLayout(panels, { width, margins, style }),
    x: { domain: [1, Math.max(2, lastRound(data))], inset: 6 },
    y: { domain: [0, 100] },
    marks,
  } as Figure
}

function title({ setting, trial, round }: JudgedRound): string {
  return `${setting}, trial ${trial}\nround ${round.round}: ${(round.accuracy! * 100).toFixed(1)} % right`
}
