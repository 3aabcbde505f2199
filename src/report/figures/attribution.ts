import { axisX, barX, gridX, type Markish, pointer, tickX, tip } from '@observablehq/plot'
import { formatBytes, MIB } from '../../shared/units.js'
import type { ReportData } from '../html/report-data.js'
import { type Figure, type FigureOptions, frame } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { settingRows } from './parts/rows.js'

const BAR_HEIGHT = 11
const PARTS = ['live', 'garbage', 'retained'] as const

/**
 * Draws what the RSS at the end of the job consists of, by measured give-back: a bar per trial,
 * whose three parts add up to that trial's RSS. Ticks mark the base (RSS before the model) and base
 * + M.
 */
export function attribution(data: ReportData, options: FigureOptions = {}): Figure {
  const { width, ink, style } = frame(options)
  const parts = partsOf(data)
  const settings = data.settings.filter((setting) => parts.some((part) => part.setting === setting))
  const trials = Math.max(1, ...parts.map((part) => part.trial))
  const rows = settingRows(settings, ink, trials * BAR_HEIGHT + 14)
  const bars = parts.filter((part) => part.part === 'live' && part.baseBytes !== null)
  const isFromOutside = data.trials.some(({ attribution }) => attribution?.garbageBytes === null)
  const entries: LegendEntry[] = [
    { label: isFromOutside ? 'live or garbage' : 'live', color: ink.parts.live, symbol: 'square' },
    ...(isFromOutside
      ? []
      : [{ label: 'garbage: a collection frees it', color: ink.parts.garbage, symbol: 'square' } as const]),
    { label: 'retained: the allocator gives it back', color: ink.parts.retained, symbol: 'square' },
  ]
  if (bars.length > 0) entries.push({ label: 'base, before the model', color: ink.text, symbol: 'tick' })
  if (bars.length > 0 && data.modelBytes !== null)
    entries.push({ label: 'base + M', color: ink.reference, symbol: 'tick' })
  const marginTop = legendHeight(entries, width) + 10
  const at = { fy: 'setting', y: 'trial' } as const
  const x = (part: Part) => part.toBytes / MIB
  const marks: Markish[] = [
    gridX({ stroke: ink.grid, strokeOpacity: 1 }),
    barX(parts, {
      ...at,
      x1: (part: Part) => part.fromBytes / MIB,
      x2: x,
      fill: (part: Part) => ink.parts[part.part],
      insetTop: 0.5,
      insetBottom: 0.5,
    }),
    tickX(bars, { ...at, x: (part: Part) => part.baseBytes! / MIB, stroke: ink.background, strokeWidth: 5 }),
    tickX(bars, { ...at, x: (part: Part) => part.baseBytes! / MIB, stroke: ink.text, strokeWidth: 2.4 }),
    axisX({
      label: `RSS of the ${data.judge} at the end of the job (MiB)`,
      labelAnchor: 'center',
      labelArrow: 'none',
      color: ink.text,
      tickSize: 4,
    }),
    legend(entries, ink),
  ]
  const { modelBytes } = data
  if (modelBytes !== null) {
    const mark = { ...at, x: (part: Part) => (part.baseBytes! + modelBytes) / MIB }
    marks.push(
      tickX(bars, { ...mark, stroke: ink.background, strokeWidth: 5 }),
      tickX(bars, { ...mark, stroke: ink.reference, strokeWidth: 2.4 }),
    )
  }
  if (options.tips) {
    const middle = (part: Part) => (part.fromBytes + part.toBytes) / 2 / MIB
    marks.push(tip(parts, pointer({ ...at, x: middle, title, fill: ink.background })))
  }
  return {
    ariaLabel: 'Attribution of RSS at the end of the job',
    width,
    height: rows.height + marginTop + 44,
    marginTop,
    marginBottom: 44,
    marginLeft: rows.marginLeft,
    marginRight: 16,
    style,
    x: { domain: [0, Math.max(1, ...parts.map((part) => (part.toBytes * 1.03) / MIB))] },
    y: { axis: null, domain: Array.from({ length: trials }, (_, i) => i + 1), padding: 0.12 },
    fy: { domain: settings, padding: 0.16, label: null, axis: 'left' },
    marks,
  } as Figure
}

interface Part {
  setting: string
  trial: number
  part: (typeof PARTS)[number]
  fromBytes: number
  toBytes: number
  baseBytes: number | null
}

function partsOf(data: ReportData): Part[] {
  return data.trials.flatMap(({ setting, trial, attribution, initialRssBytes }) => {
    if (attribution === null) return []
    let fromBytes = 0
    return PARTS.flatMap((part) => {
      const bytes = attribution[`${part}Bytes`]
      if (bytes === null) return []
      const toBytes = fromBytes + bytes
      const own = { setting, trial, part, fromBytes, toBytes, baseBytes: initialRssBytes }
      fromBytes = toBytes
      return own
    })
  })
}

function title({ setting, trial, part, fromBytes, toBytes }: Part): string {
  return `${setting}, trial ${trial}\n${part}: ${formatBytes(toBytes - fromBytes)}`
}
