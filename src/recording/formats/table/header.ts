import { columnMeaning } from './columns/column-names.js'
import { kindOfCell } from './columns/column-values.js'

/** The cells of one row. */
interface Cells {
  cells: string[]
}

/** A preamble, as that of pidstat or of a report, is not longer. */
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

/** Whether at least one cell names something that is known, and none is a value. */
export function isNamed(cells: readonly string[]): boolean {
  return cells.some((cell) => columnMeaning(cell).kind !== 'unknown') && !cells.some(isValue)
}

function isValue(cell: string): boolean {
  return !['empty', 'text'].includes(kindOfCell(cell))
}

/** The row that names the columns, and its place; undefined where the rows begin with values. */
export function findHeader(rows: readonly Cells[]): { header: string[]; at: number } | undefined {
  const width = usualWidth(rows)
  for (const [at, { cells }] of rows.slice(0, LONGEST_PREAMBLE).entries()) {
    const names = namesOf(cells)
    if (names.length === 1 && width > 1) continue
    if (isNamed(names)) return { header: names, at }
    // A preamble may hold a date or a number; rows of values are as wide as most.
    if (cells.some(isValue) && cells.length !== width) continue
    if (cells.some(isValue)) return undefined
    if (at === 0 && names.length === width) return { header: names, at }
  }
  return undefined
}

/** pidstat writes the time of day where the name of its column belongs. */
function namesOf(cells: readonly string[]): string[] {
  const [first = '', ...others] = cells
  const isOfPidstat = kindOfCell(first) === 'clock' && others.length > 1 && isNamed(others)
  return isOfPidstat ? ['Time', ...others] : [...cells]
}

/**
 * R and some writers of pandas give row names a column without a name. A decimal comma between commas adds a cell too, so
 * what could be one is left to be refused.
 */
export function withRowNames(header: string[], rows: readonly Cells[]): string[] {
  // `free` has a row for each kind of memory, of which swap tells fewer columns.
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

/** As many cells as the table has columns; undefined when it cannot be made so. */
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
  // What a short row lacks may be cells that nobody asks for.
  return cells.length < width && !hasBlanks ? cells : undefined
}

/** A command line at the end of a row may have blanks in it; amounts may not, and their row then has other columns. */
function endsInWords(header: readonly string[] | null): boolean {
  const last = header?.at(-1)
  return last === undefined || ['series', 'phase', 'unknown'].includes(columnMeaning(last).kind)
}
