import { printableLine } from '../../shared/printable.js'
import { formatBytes, MIB } from '../../shared/units.js'
import type { Point } from '../downsample.js'
import { timeUnit } from '../figures/parts/time-unit.js'

export interface ChartSeries {
  name: string
  points: readonly Point[]
}

export interface ChartOptions {
  /** Width in characters, including labels. */
  width: number
  height: number
  title?: string
  /**
   * Whether to use ASCII alone, one letter per series, for terminals without Unicode and for logs.
   */
  isPlain?: boolean
  /** Unit of the x axis: seconds or rounds. */
  axis?: 'time' | 'rounds'
  /** Wraps the text of a series in its colour; left out: no colour. */
  paint?: (series: number, text: string) => string
}

/**
 * Draws RSS over time in characters, for a terminal: braille dots, two across and four down in each
 * character. Each series is drawn by its lowest and highest value in a column, so no peak is lost;
 * a gap in the data stays a gap. The same input gives the same text.
 */
export function terminalChart(series: readonly ChartSeries[], options: ChartOptions): string {
  const { isPlain = false, paint = (_series, text) => text } = options
  const read = series.flatMap(({ points }) => points.filter((point) => point[1] !== null))
  if (read.length === 0) return 'nothing was recorded, so there is nothing to draw\n'
  const range = rangeOf(read)
  const scale = byteScale(range.highBytes)
  const labels = scale.ticks.map((bytes) => String(Number((bytes / scale.unit).toFixed(2))))
  const gutter = Math.max(...labels.map((label) => label.length)) + 1
  const columns = Math.max(10, options.width - gutter - 1)
  const rows = Math.max(4, options.height - 3 - (options.title === undefined ? 0 : 1) - 1)
  const cells = draw(series, { columns, rows, range: { ...range, highBytes: scale.top }, isPlain })
  const lines = cells.map((row, y) => {
    const tick = scale.ticks.findIndex((bytes) => rowOf(bytes, scale.top, rows) === y)
    const label = (tick < 0 ? '' : labels[tick]!).padStart(gutter - 1)
    const axis = isPlain ? (tick < 0 ? '|' : '+') : tick < 0 ? '│' : '┤'
    const text = row.map(({ character, owner }) => (owner < 0 ? character : paint(owner, character))).join('')
    return `${label} ${axis}${text}`.trimEnd()
  })
  const indent = ' '.repeat(gutter)
  const rule = isPlain ? `+${'-'.repeat(columns)}` : `└${'─'.repeat(columns)}`
  const names = series.map(({ name }, i) => paint(i, `${isPlain ? letterOf(i) : '⣿'} ${printableLine(name)}`))
  return [
    ...(options.title === undefined ? [] : [printableLine(options.title)]),
    `${scale.name}  ${names.join('   ')}  (highest ${formatBytes(range.highBytes)})`,
    ...lines,
    `${indent}${rule}`,
    `${indent} ${timeLabels(range, columns, options.axis)}`,
    '',
  ].join('\n')
}

interface Range {
  firstMs: number
  lastMs: number
  highBytes: number
}

function rangeOf(points: readonly Point[]): Range {
  const range = { firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY, highBytes: 1 }
  for (const [timeMs, bytes] of points) {
    range.firstMs = Math.min(range.firstMs, timeMs)
    range.lastMs = Math.max(range.lastMs, timeMs)
    range.highBytes = Math.max(range.highBytes, bytes ?? 0)
  }
  return range
}

/**
 * Returns three to six ticks at round numbers of one unit, from zero to a little above the highest
 * value.
 */
function byteScale(highBytes: number): { unit: number; name: string; ticks: number[]; top: number } {
  const isLarge = highBytes >= 4 * 1024 * MIB
  const unit = isLarge ? 1024 * MIB : MIB
  const raw = highBytes / unit / 4
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = unit * (([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power)
  const count = Math.ceil(highBytes / step)
  return {
    unit,
    name: isLarge ? 'RSS (GiB)' : 'RSS (MiB)',
    ticks: Array.from({ length: count + 1 }, (_, i) => i * step),
    top: count * step,
  }
}

function rowOf(bytes: number, top: number, rows: number): number {
  return Math.min(rows - 1, Math.floor((1 - bytes / top) * rows))
}

interface Cell {
  character: string
  /** Series whose colour the character has: the last one drawn where several meet, -1 for none. */
  owner: number
}

interface Grid {
  columns: number
  rows: number
  range: Range
  isPlain: boolean
}

function draw(series: readonly ChartSeries[], grid: Grid): Cell[][] {
  const { columns, rows, isPlain } = grid
  const across = isPlain ? 1 : 2
  const down = isPlain ? 1 : 4
  const bits = Array.from({ length: rows }, () => new Uint8Array(columns))
  const owners = Array.from({ length: rows }, () => new Int16Array(columns).fill(-1))
  // The first series matters most. It is drawn last, so that it is on top.
  for (let owner = series.length - 1; owner >= 0; owner--) {
    strokes(series[owner]!.points, grid, columns * across, rows * down, (x, y) => {
      const row = Math.floor(y / down)
      const column = Math.floor(x / across)
      bits[row]![column]! |= isPlain ? 1 : BRAILLE[y % 4]![x % 2]!
      owners[row]![column] = owner
    })
  }
  return bits.map((row, y) =>
    Array.from(row, (dots, x): Cell => {
      const owner = owners[y]![x]!
      if (dots === 0) return { character: ' ', owner: -1 }
      return { character: isPlain ? letterOf(owner) : String.fromCharCode(0x2800 + dots), owner }
    }),
  )
}

/** Dots of a braille character by row and column (Unicode 2800 to 28FF). */
const BRAILLE = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
]

/**
 * Draws each column of dots from its lowest to its highest value, joined with the previous column
 * unless there is a gap.
 */
function strokes(
  points: readonly Point[],
  { range }: Grid,
  width: number,
  height: number,
  set: (x: number, y: number) => void,
): void {
  const spanMs = range.lastMs - range.firstMs || 1
  const yOf = (bytes: number) =>
    Math.min(height - 1, Math.max(0, Math.round((1 - bytes / range.highBytes) * (height - 1))))
  let before: { x: number; y: number } | undefined
  for (const [timeMs, bytes] of points) {
    if (bytes === null) {
      before = undefined
      continue
    }
    const x = Math.min(width - 1, Math.floor(((timeMs - range.firstMs) / spanMs) * (width - 1)))
    const y = yOf(bytes)
    segment(before ?? { x, y }, { x, y }, set)
    before = { x, y }
  }
}

/** Draws a line by Bresenham's algorithm. */
function segment(
  from: { x: number; y: number },
  to: { x: number; y: number },
  set: (x: number, y: number) => void,
): void {
  const steps = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y))
  for (let i = 0; i <= steps; i++) {
    const share = steps === 0 ? 0 : i / steps
    set(Math.round(from.x + (to.x - from.x) * share), Math.round(from.y + (to.y - from.y) * share))
  }
}

function letterOf(series: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + (series % 26))
}

function timeLabels({ firstMs, lastMs }: Range, columns: number, axis: ChartOptions['axis']): string {
  const unit = timeUnit(lastMs - firstMs, axis)
  const label = (ms: number) => String(Number(unit.of(ms).toFixed(unit.of(lastMs - firstMs) < 10 ? 1 : 0)))
  const [left, middle, right] = [label(firstMs), label((firstMs + lastMs) / 2), `${label(lastMs)} ${unit.label}`]
  const half = Math.floor(columns / 2)
  return `${left.padEnd(half)}${middle}`.padEnd(columns - right.length) + right
}
