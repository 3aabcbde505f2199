import {
  axisX,
  axisY,
  dot,
  gridY,
  line,
  type Markish,
  pointer,
  rectY,
  ruleX,
  ruleY,
  text,
  tip,
} from '@observablehq/plot'
import { max } from 'd3'
import { formatBytes, MIB } from '../../shared/units.js'
import { downsample, type Point } from '../downsample.js'
import { type Figure, type FigureOptions, FONT_SIZE, frame, type Ink } from './parts/figure.js'
import { type LegendEntry, legend, legendHeight } from './parts/legend.js'
import { timeUnit } from './parts/time-unit.js'

/**
 * One or several recordings over time, laid over one another. Times count from the start of each.
 */
export interface RecordingFigureData {
  series: RecordingSeries[]
  rounds: { round: number; startMs: number; endMs: number }[]
  /**
   * Named spans of a program, as mprof's FUNC lines report them; null where the memory is unknown.
   */
  brackets: { label: string; startMs: number; endMs: number; startBytes: number | null; endBytes: number | null }[]
  peaks: { timeMs: number; bytes: number; kind: 'exact' | 'sampled' }[]
  /** Fitted line: bytes at time zero and its slope. */
  slope?: { interceptBytes: number; bytesPerMs: number }
  /** Unit of the x axis. Tables of rounds without times are drawn over rounds. */
  axis?: 'time' | 'rounds'
}

export interface RecordingSeries {
  name: string
  points: readonly Point[]
  /** Draws the line thin: a process of a tree whose whole is drawn too. */
  isChild?: boolean
}

export interface RecordingFigureOptions extends FigureOptions {
  title?: string
  /** Part of the time that is drawn, in ms. */
  window?: { fromMs: number; toMs: number }
}

const HEIGHT = 320
const POINTS_PER_LINE = 1600
/** Most labels of rounds before they overlap; beyond this, every k-th is named. */
const ROUND_LABELS = 24

/**
 * Draws RSS over time of recordings: rounds as bands, brackets as crosses with their names, exact
 * peaks as dots.
 */
export function recordingFigure(data: RecordingFigureData, options: RecordingFigureOptions = {}): Figure {
  const { width, ink, style } = frame(options)
  const window = options.window ?? { fromMs: 0, toMs: lastMs(data) }
  const isInside = (timeMs: number) => timeMs >= window.fromMs && timeMs <= window.toMs
  const time = timeUnit(window.toMs - window.fromMs, data.axis)
  const colors = colorsOf(data, ink)
  const rows = data.series.flatMap((series, i) =>
    downsample(
      series.points.filter(([timeMs]) => isInside(timeMs)),
      POINTS_PER_LINE,
    ).map(([timeMs, bytes]): Row => {
      return { line: i, name: series.name, timeMs, bytes, isChild: series.isChild === true }
    }),
  )
  const peaks = data.peaks.filter(({ timeMs }) => isInside(timeMs))
  const rounds = data.rounds.filter(({ startMs, endMs }) => endMs > window.fromMs && startMs < window.toMs)
  const brackets = data.brackets.filter(({ startMs, endMs }) => endMs > window.fromMs && startMs < window.toMs)
  const highest = max([...rows, ...peaks], ({ bytes }) => bytes ?? 0) ?? 1
  const entries = entriesOf(data, peaks, colors, ink)
  const titleHeight = options.title === undefined ? 0 : 26
  const marginTop = legendHeight(entries, width) + titleHeight + (rounds.length > 0 ? 22 : 12)
  const at = {
    x: (row: { timeMs: number }) => time.of(row.timeMs),
    y: (row: { bytes: number | null }) => inMib(row.bytes),
  }
  const top = (highest * 1.06) / MIB
  const marks: Markish[] = [
    ...roundMarks(rounds, window, top, time.of, ink),
    gridY({ stroke: ink.grid, strokeOpacity: 1 }),
    ruleY([0], { stroke: ink.faint }),
    line(rows, {
      ...at,
      z: 'line',
      stroke: (row: Row) => colors[row.line]!,
      strokeWidth: (row: Row) => (row.isChild ? 0.9 : 1.6),
      strokeOpacity: 0.95,
    }),
    ...bracketMarks(brackets, time.of, ink),
    dot(
      peaks.filter(({ kind }) => kind === 'exact'),
      { ...at, r: 2.6, fill: ink.text },
    ),
    dot(
      peaks.filter(({ kind }) => kind === 'sampled'),
      { ...at, r: 3, stroke: ink.text },
    ),
    ...slopeMarks(data.slope, window, time.of, ink),
    axisX({
      label: data.axis === 'rounds' ? 'round' : `time (${time.label})`,
      labelAnchor: 'center',
      labelArrow: 'none',
      color: ink.text,
      tickSize: 4,
    }),
    axisY({
      label: 'RSS (MiB)',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 52,
      color: ink.text,
      tickSize: 0,
    }),
    legend(entries, ink, titleHeight),
  ]
  if (options.title !== undefined) {
    const place = {
      frameAnchor: 'top-left',
      dx: -50,
      dy: -marginTop + 4,
      textAnchor: 'start',
      lineAnchor: 'top',
    } as const
    marks.push(
      text([options.title], { ...place, text: String, fontSize: FONT_SIZE + 3, fontWeight: 'bold', fill: ink.text }),
    )
  }
  if (options.tips) {
    marks.push(
      tip(
        rows.filter(({ bytes }) => bytes !== null),
        pointer({ ...at, title: titleOf, fill: ink.background }),
      ),
    )
  }
  return {
    ariaLabel: data.axis === 'rounds' ? 'RSS over rounds' : 'RSS over time',
    width,
    height: HEIGHT + marginTop + 46,
    marginTop,
    marginBottom: 46,
    marginLeft: 62,
    marginRight: 16,
    style,
    x: { domain: [time.of(window.fromMs), time.of(window.toMs)] },
    y: { domain: [0, top] },
    marks,
  } as Figure
}

interface Row {
  line: number
  name: string
  timeMs: number
  bytes: number | null
  isChild: boolean
}

type TimeOf = (ms: number) => number

function lastMs(data: RecordingFigureData): number {
  return Math.max(1, max(data.series, ({ points }) => points.at(-1)?.[0] ?? 0) ?? 1)
}

/** Returns colours: strong inks for whole recordings, the rest for children. */
function colorsOf({ series }: RecordingFigureData, ink: Ink): string[] {
  const order = [...series.keys()].sort(
    (a, b) => Number(series[a]!.isChild === true) - Number(series[b]!.isChild === true) || a - b,
  )
  const colors: string[] = []
  for (const [rank, i] of order.entries()) colors[i] = ink.roles[rank % ink.roles.length]!
  return colors
}

/** Draws a band behind every second round, and the numbers of rounds above. */
function roundMarks(
  rounds: RecordingFigureData['rounds'],
  window: { fromMs: number; toMs: number },
  top: number,
  timeOf: TimeOf,
  ink: Ink,
): Markish[] {
  const shown = rounds.map(({ round, startMs, endMs }) => ({
    round,
    from: timeOf(Math.max(startMs, window.fromMs)),
    to: timeOf(Math.min(endMs, window.toMs)),
  }))
  const every = Math.ceil(shown.length / ROUND_LABELS)
  const named = shown.filter((_, i) => i % every === 0)
  return [
    rectY(
      shown.filter((_, i) => i % 2 === 0),
      { x1: 'from', x2: 'to', y1: 0, y2: top, fill: ink.grid, fillOpacity: 0.32 },
    ),
    text(named, {
      x: (row: { from: number; to: number }) => (row.from + row.to) / 2,
      frameAnchor: 'top',
      dy: -9,
      text: (row: { round: number }) => (row === named[0] ? `round ${row.round}` : String(row.round)),
      fill: ink.faint,
      fontSize: FONT_SIZE - 1,
    }),
  ]
}

/**
 * Draws a cross where a span begins, with its name, and one where it ends, at the memory reported
 * there; a dotted line where none was reported.
 */
function bracketMarks(brackets: RecordingFigureData['brackets'], timeOf: TimeOf, ink: Ink): Markish[] {
  const ends = brackets.flatMap(({ label, startMs, endMs, startBytes, endBytes }) => [
    { label, timeMs: startMs, bytes: startBytes },
    { label: '', timeMs: endMs, bytes: endBytes },
  ])
  const known = ends.filter(({ bytes }) => bytes !== null)
  type End = (typeof ends)[number]
  return [
    ruleX(
      ends.filter(({ bytes }) => bytes === null),
      { x: (end: End) => timeOf(end.timeMs), stroke: ink.cleanup, strokeDasharray: '2,3' },
    ),
    dot(known, {
      x: (end: End) => timeOf(end.timeMs),
      y: (end: End) => inMib(end.bytes),
      symbol: 'cross',
      r: 3,
      fill: ink.cleanup,
    }),
    text(
      ends.filter(({ label }) => label !== ''),
      {
        x: (end: End) => timeOf(end.timeMs),
        y: (end: End) => inMib(end.bytes ?? 0),
        text: 'label',
        textAnchor: 'start',
        dx: 4,
        dy: -9,
        fill: ink.cleanup,
        stroke: ink.background,
        strokeWidth: 4,
      },
    ),
  ]
}

function slopeMarks(
  slope: RecordingFigureData['slope'],
  window: { fromMs: number; toMs: number },
  timeOf: TimeOf,
  ink: Ink,
): Markish[] {
  if (slope === undefined) return []
  const ends = [window.fromMs, window.toMs].map((timeMs) => [
    timeOf(timeMs),
    (slope.interceptBytes + slope.bytesPerMs * timeMs) / MIB,
  ])
  return [
    line(ends as [number, number][], { stroke: ink.reference, strokeWidth: 1.6, strokeDasharray: '6,4', clip: true }),
  ]
}

function entriesOf(
  data: RecordingFigureData,
  peaks: RecordingFigureData['peaks'],
  colors: readonly string[],
  ink: Ink,
): LegendEntry[] {
  const entries: LegendEntry[] = data.series.slice(0, 12).map(({ name, isChild }, i) => ({
    label: name,
    color: colors[i]!,
    symbol: isChild ? 'thin' : 'line',
  }))
  if (data.series.length > 12)
    entries.push({ label: `and ${data.series.length - 12} more`, color: ink.faint, symbol: 'thin' })
  if (peaks.some(({ kind }) => kind === 'exact')) entries.push({ label: 'exact peak', color: ink.text, symbol: 'dot' })
  if (peaks.some(({ kind }) => kind === 'sampled'))
    entries.push({ label: 'sampled peak', color: ink.text, symbol: 'ring' })
  if (data.slope !== undefined) {
    const perSecond = formatBytes(data.slope.bytesPerMs * 1000)
    entries.push({ label: `slope: ${perSecond} a second`, color: ink.reference, symbol: 'dash' })
  }
  return entries
}

function inMib(bytes: number | null): number {
  return bytes === null ? Number.NaN : bytes / MIB
}

function titleOf({ name, timeMs, bytes }: Row): string {
  return `${name}\n${(timeMs / 1000).toFixed(2)} s: ${formatBytes(bytes ?? 0)}`
}
