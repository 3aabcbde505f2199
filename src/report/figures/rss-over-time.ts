import { dot, gridY, line, type Markish, pointer, ruleY, text, tip } from '@observablehq/plot'
import { max } from 'd3'
import { formatBytes, MIB } from '../../shared/units.js'
import { downsample } from '../downsample.js'
import type { ReportData, ReportRound } from '../html/report-data.js'
import { timeAxis, valueAxis } from './parts/axes.js'
import { type Figure, type FigureOptions, FONT_SIZE, frame, type Ink } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { panelLayout, panelsOf } from './parts/panels.js'
import { type NamedRole, roleEntries, rolesOf } from './parts/roles.js'
import { MOST_RUG_ROWS, RUG_ROW, type RugRow, rug } from './parts/rug.js'
import { timeUnit } from './parts/time-unit.js'

const PANEL_HEIGHT = 210
/** Points per line: two per pixel of a panel, so that downsampling leaves out nothing visible. */
const POINTS_PER_LINE = 400

/**
 * Draws RSS over time: every process of every trial, a panel per setting, common axes. Dots are the
 * peaks of rounds, full where the kernel reported them and hollow where only samples did. The rug
 * under the lines marks the ends of rounds.
 */
export function rssOverTime(data: ReportData, options: FigureOptions = {}): Figure {
  const { width, ink, style } = frame(options)
  const roles = rolesOf(data, ink)
  const panels = panelsOf(data.settings, width, PANEL_HEIGHT)
  const time = timeUnit(lastMs(data))
  const facet = { fx: (row: Row) => panels.fx(row.setting), fy: (row: Row) => panels.fy(row.setting) }
  const at = { ...facet, x: (row: PointRow) => time.of(row.timeMs), y: (row: PointRow) => inMib(row.bytes) }

  const points = pointRows(data)
  const peaks = peakRows(data)
  const ends = endRows(data)
  const rugRows = Math.min(MOST_RUG_ROWS, max(ends, (row) => row.trial) ?? 0)
  const highest = max([...points, ...peaks], (row) => row.bytes ?? 0) ?? 1
  const entries = legendEntries(data, peaks, ends, roles, ink)
  const margins = { top: legendHeight(entries, width) + 30, bottom: 44 }

  const drawnRoles = [...roles].reverse().flatMap((role) => {
    const own = (row: Row) => row.name === role.name
    return [roleLine(points.filter(own), role, at), ...peakDots(peaks.filter(own), role, at)]
  })
  const marks: Markish[] = [
    gridY({ stroke: ink.grid, strokeOpacity: 1 }),
    ruleY([0], { stroke: ink.faint }),
    ...modelLine(data.modelBytes, ink),
    ...drawnRoles,
    ...rug(ends, { ...facet, x: (row) => time.of(row.endMs) }, ink),
    timeAxis(`time since the start of the trial (${time.label})`, ink),
    valueAxis('RSS (MiB)', ink),
    panels.titles,
    legend(entries, ink),
  ]
  if (options.tips) {
    const read = [...peaks, ...points.filter((row) => row.bytes !== null)]
    marks.push(tip(read, pointer({ ...at, title: titleOf, fill: ink.background })))
  }
  return {
    ariaLabel: 'RSS over time',
    ...panelLayout(panels, { width, margins, style }),
    x: { domain: [0, time.of(lastMs(data))], ticks: 6 },
    y: { domain: [0, (highest * 1.04) / MIB], nice: true, ticks: 6, insetBottom: rugRows * RUG_ROW + 4 },
    marks,
  } as Figure
}

interface Row {
  setting: string
  trial: number
  name: string
}
type PointRow = Row & { timeMs: number; bytes: number | null; peakOf?: ReportRound }
type PeakRow = PointRow & { peakOf: ReportRound }

function pointRows(data: ReportData): PointRow[] {
  return data.trials.flatMap(({ setting, trial, processes }) =>
    processes.flatMap(({ name, points }) =>
      downsample(points, POINTS_PER_LINE).map(([timeMs, bytes]) => ({ setting, trial, name, timeMs, bytes })),
    ),
  )
}

function peakRows(data: ReportData): PeakRow[] {
  return data.trials.flatMap(({ setting, trial, processes }) =>
    processes.flatMap(({ name, rounds }) =>
      rounds
        .filter((round) => round.peakBytes !== null)
        .map((round) => ({ setting, trial, name, timeMs: round.peakAtMs, bytes: round.peakBytes, peakOf: round })),
    ),
  )
}

function endRows(data: ReportData): RugRow[] {
  return data.trials.flatMap(({ setting, trial, processes }) =>
    processes
      .filter((process) => process.role === data.judge)
      .flatMap(({ rounds }) =>
        rounds.map(({ endMs, cleanup }) => ({ setting, trial, endMs, isCleaned: cleanup !== null })),
      ),
  )
}

function lastMs(data: ReportData): number {
  const ends = data.trials.flatMap(({ processes }) =>
    processes.flatMap(({ points, rounds }) => [points.at(-1)?.[0] ?? 0, rounds.at(-1)?.endMs ?? 0]),
  )
  return Math.max(1000, max(ends) ?? 0)
}

function roleLine(rows: PointRow[], role: NamedRole, at: object): Markish {
  const strength = role.isJudged ? { strokeWidth: 1.3, strokeOpacity: 0.85 } : { strokeWidth: 0.8, strokeOpacity: 0.6 }
  return line(rows, { ...at, z: 'trial', stroke: role.color, ...strength })
}

function peakDots(rows: PeakRow[], role: NamedRole, at: object): Markish[] {
  const r = role.isJudged ? 1.9 : 1.2
  const ofKind = (kind: string) => rows.filter((row) => row.peakOf.peakKind === kind)
  return [
    dot(ofKind('exact'), { ...at, r, fill: role.color }),
    dot(ofKind('sampled'), { ...at, r: r + 0.5, stroke: role.color, strokeWidth: 1 }),
  ]
}

/** Draws the size of the model, as a measure of everything above it. */
function modelLine(modelBytes: number | null, ink: Ink): Markish[] {
  if (modelBytes === null) return []
  const y = [modelBytes / MIB]
  return [
    ruleY(y, { stroke: ink.reference, strokeWidth: 1.2, strokeDasharray: '5,3' }),
    text(['M'], {
      y,
      frameAnchor: 'right',
      dx: -3,
      dy: -FONT_SIZE / 2 - 2,
      textAnchor: 'end',
      fill: ink.reference,
      fontWeight: 'bold',
    }),
  ]
}

function legendEntries(
  data: ReportData,
  peaks: readonly PeakRow[],
  ends: readonly RugRow[],
  roles: readonly NamedRole[],
  ink: Ink,
): LegendEntry[] {
  const entries = roleEntries(roles, ink)
  const has = (kind: string) => peaks.some((row) => row.peakOf.peakKind === kind)
  if (has('exact')) entries.push({ label: 'exact peak of a round', color: ink.text, symbol: 'dot' })
  if (has('sampled')) entries.push({ label: 'sampled peak (a lower bound)', color: ink.text, symbol: 'ring' })
  if (ends.length > 0) {
    entries.push({ label: `end of a ${data.judge} round, a row a trial`, color: ink.faint, symbol: 'rug' })
  }
  if (ends.some((row) => row.isCleaned)) entries.push({ label: 'with cleanup', color: ink.cleanup, symbol: 'triangle' })
  if (data.modelBytes !== null) {
    entries.push({ label: `M: ${formatBytes(data.modelBytes)}`, color: ink.reference, symbol: 'dash' })
  }
  return entries
}

/** Converts to MiB. A missing reading becomes NaN, at which Plot breaks the line. */
function inMib(bytes: number | null): number {
  return bytes === null ? Number.NaN : bytes / MIB
}

function titleOf({ setting, trial, name, timeMs, bytes, peakOf }: PointRow): string {
  const what = peakOf ? `${peakOf.peakKind} peak of round ${peakOf.round}` : `${(timeMs / 1000).toFixed(2)} s`
  return `${name}, ${setting}, trial ${trial}\n${what}: ${formatBytes(bytes ?? 0)}`
}
