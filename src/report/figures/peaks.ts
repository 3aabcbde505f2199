import { axisX, dot, gridX, type Markish, pointer, ruleX, text, tickX, tip } from '@observablehq/plot'
import { median } from 'd3'
import { formatBytes, MIB, mib } from '../../shared/units.js'
import type { ReportData } from '../html/report-data.js'
import { modelTicks } from './parts/axes.js'
import { type Figure, type FigureOptions, frame } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { settingRows } from './parts/rows.js'
import { judgedRounds } from './rounds.js'

const ROW_HEIGHT = 34

/**
 * Draws the highest peak of the judged role: a dot for each completed trial, a tick for their
 * median; in MiB below and in M above.
 */
export function peaks(data: ReportData, options: FigureOptions = {}): Figure {
  const { width, ink, style, isNarrow } = frame(options)
  const rows = settingRows(data.settings, ink, ROW_HEIGHT)
  const highest = highestPeaks(data)
  const medians = data.settings.flatMap((setting) => {
    const bytes = median(
      highest.filter((peak) => peak.setting === setting),
      (peak) => peak.bytes,
    )
    return bytes === undefined ? [] : [{ setting, bytes }]
  })
  const maximum = Math.max(1, data.modelBytes ?? 0, ...highest.map((peak) => peak.bytes))
  const color = ink.roles[0]!
  const entries: LegendEntry[] = [{ label: 'median', color: ink.text, symbol: 'tick' }]
  if (highest.some((peak) => !peak.isSampled)) entries.push({ label: 'exact peak of one trial', color, symbol: 'dot' })
  if (highest.some((peak) => peak.isSampled))
    entries.push({ label: 'sampled peak of one trial (a lower bound)', color, symbol: 'ring' })
  if (data.modelBytes !== null)
    entries.push({ label: `M: ${formatBytes(data.modelBytes)}`, color: ink.reference, symbol: 'dash' })
  const at = { x: (peak: { bytes: number }) => peak.bytes / MIB, y: 'setting' }
  const marginTop = legendHeight(entries, width) + (data.modelBytes === null ? 12 : 46)
  const marks: Markish[] = [
    gridX({ stroke: ink.grid, strokeOpacity: 1 }),
    ...rows.marks,
    ...modelAxis(data.modelBytes, maximum, ink.reference),
    dot(
      highest.filter((peak) => !peak.isSampled),
      { ...at, r: 4, fill: color, fillOpacity: 0.55, stroke: color, strokeWidth: 0.8 },
    ),
    dot(
      highest.filter((peak) => peak.isSampled),
      { ...at, r: 4, stroke: color, strokeWidth: 1.4 },
    ),
    tickX(medians, { ...at, stroke: ink.text, strokeWidth: 2.4, inset: -1 }),
    axisX({
      label: `highest peak of the ${data.judge} (MiB)`,
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
        text: (row: { bytes: number }) => labelOf(row.bytes, data.modelBytes),
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: 8,
        fill: ink.text,
      }),
    )
  }
  if (options.tips) marks.push(tip(highest, pointer({ ...at, title: titleOf(data.modelBytes), fill: ink.background })))
  return {
    ariaLabel: 'Highest peak of each trial',
    width,
    height: rows.height + marginTop + 44,
    marginTop,
    marginBottom: 44,
    marginLeft: rows.marginLeft,
    marginRight: isNarrow ? 16 : 130,
    style,
    x: { domain: [0, (maximum * 1.03) / MIB], nice: false },
    y: rows.scale,
    marks,
  } as Figure
}

interface TrialPeak {
  setting: string
  trial: number
  bytes: number
  isSampled: boolean
}

function highestPeaks(data: ReportData): TrialPeak[] {
  const highest = new Map<string, TrialPeak>()
  for (const { setting, trial, isCompleted, round } of judgedRounds(data)) {
    if (!isCompleted || round.peakBytes === null) continue
    const key = `${trial} ${setting}`
    const before = highest.get(key)
    if (before === undefined || round.peakBytes > before.bytes) {
      highest.set(key, { setting, trial, bytes: round.peakBytes, isSampled: round.peakKind === 'sampled' })
    }
  }
  return [...highest.values()]
}

/** Draws a second axis above that counts in M, and M itself as a line. */
function modelAxis(modelBytes: number | null, maximum: number, color: string): Markish[] {
  if (modelBytes === null) return []
  const ticks = modelTicks(maximum * 1.03, modelBytes)
  const labels = new Map(ticks.map(({ at, label }) => [at, label]))
  return [
    ruleX([modelBytes / MIB], { stroke: color, strokeWidth: 1.2, strokeDasharray: '5,3' }),
    axisX({
      anchor: 'top',
      ticks: ticks.map(({ at }) => at),
      tickFormat: (at: number) => labels.get(at) ?? '',
      label: 'in M, sets of weights',
      labelAnchor: 'center',
      labelOffset: 36,
      labelArrow: 'none',
      color,
      tickSize: 4,
    }),
  ]
}

function labelOf(bytes: number, modelBytes: number | null): string {
  return modelBytes === null ? formatBytes(bytes) : `${mib(bytes)} MiB, ${(bytes / modelBytes).toFixed(1)} M`
}

function titleOf(modelBytes: number | null): (peak: TrialPeak) => string {
  return (peak) =>
    `${peak.setting}, trial ${peak.trial}\n${peak.isSampled ? 'sampled' : 'exact'} peak: ${labelOf(peak.bytes, modelBytes)}`
}
