import { columnMeaning } from './columns/column-names.js'
import { kindOfCell } from './columns/column-values.js'

/** Cells of one row. */
interface Cells {
  cells: string[]
}

/** Maximum number of lines in a preamble, such as that of pidstat or of a report. */
const LONGEST_PREAMBLE = 20

export function usual(widths: readonly number[]): { width: number; share: number } {
  const counts = new Map<number, number>()
  for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1)
  const [width, count] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [1, 0]
  return { width, share: widths.length === 0 ? 0 : count / widths.length }
}

export function usualWidth(rows: readonly Cells[]): number {
  return usual(rows.map(({ cells }) => cells.length)).width
}

/** Returns true if at least one cell is a known name, and none is a value. */
export function isNamed(cells: readonly string[]): boolean {
  return cells.some((cell) => columnMeaning(cell).kind !== 'unknown') && !cells.some(isValue)
}

function isValue(cell: string): boolean {
  return !['empty', 'text'].includes(kindOfCell(cell))
}

/**
 * Returns the row that names the columns, and its index; undefined if the rows begin with values.
 */
export function findHeader(rows: readonly Cells[]): { header: string[]; at: number } | undefined {
  const width = usualWidth(rows)
  for (const [at, { cells }] of rows.slice(0, LONGEST_PREAMBLE).entries()) {
    const names = namesOf(cells)
    if (names.length === 1 && width > 1) continue
    if (isNamed(names)) return { header: names, at }
    // A preamble may hold a date or a number; rows of values have the usual width.
    if (cells.some(isValue) && cells.length !== width) continue
    if (cells.some(isValue)) return undefined
    if (at === 0 && names.length === width) return { header: names, at }
  }
  return undefined
}

/** Returns the names in a row. pidstat prints the time of day in place of that column's name. */
function namesOf(cells: readonly string[]): string[] {
  const [first = '', ...others] = cells
  const isOfPidstat = kindOfCell(first) === 'clock' && others.length > 1 && isNamed(others)
  return isOfPidstat ? ['Time', ...others] : [...cells]
}

/**
 * Adds a name for row names, which R and some writers of pandas print under no name. A decimal
 * comma in a comma-separated table adds a cell too, so an ambiguous table is left unchanged and
 * fails later.
 */
export function withRowNames(header: string[], rows: readonly Cells[]): string[] {
  // `free` prints a row for each kind of memory; the one for swap has fewer columns.
  const areOfFree = rows.some(({ cells }) => cells.length === header.length + 1 && /^\w+:$/.test(cells[0]!))
  if (areOfFree) return ['', ...header]
  const isOneMore = rows.length > 0 && rows.every(({ cells }) => cells.length === header.length + 1)
  if (!isOneMore || rows.every(({ cells }) => cells.at(-1) === '')) return header
  const areNames =
    rows.some(({ cells }) => !/^\d+$/.test(cells[0]!)) || rows.some(({ cells }) => !/^\d*$/.test(cells.at(-1)!))
  return areNames ? ['', ...header] : header
}

export function isHeaderAgain(cells: readonly string[], header: readonly string[]): boolean {
  if (cells.length < 2 && header.length > 1) return false
  const names = namesOf(cells)
  return (
    names.every((name, i) => name === header[i]) ||
    (names.length === header.length && isNamed(names) && names.length > 1)
  )
}

/** Fits cells to the number of columns; undefined if that is not possible. */
export function fitted(
  cells: string[],
  width: number,
  hasBlanks: boolean,
  header: readonly string[] | null,
): string[] | undefined {
  if (cells.length === width) return cells
  if (cells.length === width + 1 && cells.at(-1) === '') return cells.slice(0, -1)
  if (hasBlanks && cells.length > width && width > 2 && endsInWords(header))
    return [...cells.slice(0, width - 1), cells.slice(width - 1).join(' ')]
  // The cells that a short row lacks may not be needed.
  return cells.length < width && !hasBlanks ? cells : undefined
}

/**
 * Returns true if the last column may contain blanks, as a command line does. Amounts contain none,
 * so a longer row has other columns.
 */
function endsInWords(header: readonly string[] | null): boolean {
  const last = header?.at(-1)
  return last === undefined || ['series', 'phase', 'unknown'].includes(columnMeaning(last).kind)
}
