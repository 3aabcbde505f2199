import Papa from 'papaparse'
import { UsageError } from '../../../errors.js'
import { columnMeaning } from './column-names.js'
import { kindOfCell } from './column-values.js'
import { textChunks } from './text-chunks.js'

/** One line of a table, or one object of a JSON file. */
export interface Row {
  cells: string[]
  /** Of its first cell, counted from 1. */
  line: number
}

/** A table as rows of texts, whatever it was written in. */
export interface Table {
  file: string
  /** Null where the first row holds values already. */
  header: string[] | null
  /** File and line of the header, or of the first row. */
  place: string
  /** Reads the rows of values from the beginning, each time it is called. */
  rows(): Iterable<Row>
}

/** How the cells of a line are told apart. */
type Splitter = ',' | ';' | '\t' | '|' | 'wide blanks' | 'blanks'

const DELIMITERS = [';', '\t', '|', ','] as const
/** Lines that the delimiter and the header are found in. */
const LINES_LOOKED_AT = 60
/** No table has longer rows; a quote that is never closed is found out here. */
const LONGEST_ROW = 1_048_576
/** A preamble, as that of pidstat or of a report, is not longer. */
const LONGEST_PREAMBLE = 20

/** @throws UsageError when the file holds no table */
export function textTable(file: string, content: Buffer | undefined): Table {
  const start = startOf(file, content)
  const splitter = splitterOf(start)
  const first = [...take(rowsOf(file, content, splitter), LINES_LOOKED_AT)]
  if (first.length === 0) throw new UsageError(`${file} holds no row, expected a table such as round,rss`)
  const found = findHeader(first)
  const header = found === undefined ? null : withRowNames(found.header, first.slice(found.at + 1))
  const width = header?.length ?? usualWidth(first)
  function* rows(): Generator<Row, undefined> {
    let index = 0
    for (const row of rowsOf(file, content, splitter)) {
      if (found !== undefined && index++ <= found.at) continue
      if (header !== null && isHeaderAgain(row.cells, header)) continue
      const cells = fitted(row.cells, width, splitter)
      // Other rows of another width are the texts between the blocks of top, or summaries below a table.
      if (cells === undefined && splitter.endsWith('blanks')) continue
      if (cells === undefined) throw wrongWidth(file, row, width)
      yield { cells, line: row.line }
    }
  }
  const place = `${file}, line ${found === undefined ? first[0]!.line : first[found.at]!.line}`
  return { file, header, place, rows }
}

function startOf(file: string, content: Buffer | undefined): string {
  let start = ''
  for (const chunk of textChunks(file, content)) {
    start += chunk
    if (start.length > 65_536) break
  }
  const lines = start.split('\n')
  return lines.slice(0, lines.length > 1 ? LINES_LOOKED_AT : 1).join('\n')
}

/** The delimiter that most lines have equally often, else blanks. */
function splitterOf(start: string): Splitter {
  const [, told] = /^sep=(.)$/m.exec(start) ?? []
  if (told !== undefined && (DELIMITERS as readonly string[]).includes(told)) return told as Splitter
  const lines = start.split('\n').filter((line) => line.trim() !== '')
  const scores = DELIMITERS.map((delimiter) => {
    const widths = parseAll(lines.join('\n'), delimiter).map((cells) => cells.length)
    return { splitter: delimiter as Splitter, ...usual(widths) }
  })
  const blanks = (['wide blanks', 'blanks'] as const).map((splitter) => {
    return { splitter: splitter as Splitter, ...usual(lines.map((line) => splitBlanks(line, splitter).length)) }
  })
  const usable = scores.filter(({ width, share }) => width > 1 && share > 0.5)
  const best = usable.sort((a, b) => b.share - a.share || b.width - a.width)[0]
  if (best !== undefined) return best.splitter
  const [wide, narrow] = blanks as [(typeof blanks)[number], (typeof blanks)[number]]
  if (wide.width > 1 && wide.share > 0.9) return 'wide blanks'
  if (narrow.width > 1) return 'blanks'
  return scores.find(({ width }) => width > 1)?.splitter ?? ','
}

function usual(widths: readonly number[]): { width: number; share: number } {
  const counts = new Map<number, number>()
  for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1)
  const [width, count] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [1, 0]
  return { width, share: widths.length === 0 ? 0 : count / widths.length }
}

function usualWidth(rows: readonly Row[]): number {
  return usual(rows.map(({ cells }) => cells.length)).width
}

function parseAll(text: string, delimiter: string): string[][] {
  return new Papa.Parser({ delimiter, newline: '\n' }).parse(text, 0, false).data
}

/** Dates and times of day are one cell, though a blank stands in them. */
function splitBlanks(line: string, splitter: 'wide blanks' | 'blanks'): string[] {
  const whole = line
    .trim()
    .replace(/(\d{4}[-/.]\d{1,2}[-/.]\d{1,2})\s(\d{1,2}:\d{2})/g, '$1T$2')
    .replace(/(\d:\d{2})\s([AP]M)\b/gi, '$1$2')
    .replace(/^#\s*/, '')
  return whole.split(splitter === 'blanks' ? /\s+/ : /\s{2,}|\t/)
}

function* rowsOf(file: string, content: Buffer | undefined, splitter: Splitter): Generator<Row, undefined> {
  const rows =
    splitter === 'blanks' || splitter === 'wide blanks'
      ? blankRows(file, content, splitter)
      : delimitedRows(file, content, splitter)
  let hasHeader = false
  for (const row of rows) {
    const [first = ''] = row.cells
    if (row.cells.every((cell) => cell === '') || /^sep=.$/.test(first)) continue
    // Rulers of Markdown and of Slurm.
    if (row.cells.every((cell) => /^:?[-=+]{2,}:?$|^$/.test(cell))) continue
    if (first.startsWith('#') && first !== '#' && hasHeader) continue
    if (first.startsWith('#') && !/^#\s*$/.test(first)) {
      const cells = [first.replace(/^#\s*/, ''), ...row.cells.slice(1)]
      if (!isNamed(cells)) continue
      hasHeader = true
      yield { ...row, cells }
      continue
    }
    hasHeader ||= isNamed(row.cells)
    yield row
  }
}

function* delimitedRows(file: string, content: Buffer | undefined, delimiter: string): Generator<Row, undefined> {
  const parser = new Papa.Parser({ delimiter, newline: '\n' })
  let rest = ''
  let line = 1
  function* parsed(text: string, isLast: boolean): Generator<Row, undefined> {
    const firstLine = line
    const { data, errors, meta } = parser.parse(text, 0, !isLast) as Papa.ParseResult<string[]>
    const unclosed = errors.find(({ type }) => type === 'Quotes')
    for (const [i, raw] of data.entries()) {
      if (isLast && i === data.length - 1 && raw.length === 1 && raw[0] === '') break
      if (unclosed?.row === i && (isLast || i < data.length - 1))
        throw brokenQuote(file, line, text.split('\n')[line - firstLine] ?? '')
      const cells = delimiter === '|' ? withoutFrame(raw) : raw
      yield { cells: cells.map((cell) => cell.trim()), line }
      line += 1 + raw.reduce((sum, cell) => sum + newlinesIn(cell), 0)
    }
    rest = text.slice(meta.cursor)
  }
  for (const chunk of textChunks(file, content)) {
    if (!chunk.includes('\n')) rest += chunk
    else yield* parsed(rest + chunk, false)
    if (rest.length > LONGEST_ROW)
      throw new UsageError(
        `${file}, line ${line}: found a row of more than ${LONGEST_ROW} characters, expected a table. Is a quote not closed?`,
      )
  }
  yield* parsed(rest, true)
}

/** Markdown begins and ends its rows with the delimiter too. */
function withoutFrame(cells: string[]): string[] {
  const from = cells[0]!.trim() === '' ? 1 : 0
  const to = cells.length > 1 && cells.at(-1)!.trim() === '' ? -1 : cells.length
  return cells.slice(from, to)
}

function newlinesIn(cell: string): number {
  return cell.includes('\n') ? cell.split('\n').length - 1 : 0
}

function brokenQuote(file: string, line: number, text: string): UsageError {
  return new UsageError(`${file}, line ${line}: found ${quoted(text)}, expected every quote closed`)
}

function* blankRows(
  file: string,
  content: Buffer | undefined,
  splitter: 'wide blanks' | 'blanks',
): Generator<Row, undefined> {
  let rest = ''
  let line = 0
  for (const chunk of textChunks(file, content)) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const text of lines) yield { cells: blankCells(text, splitter), line: ++line }
    if (rest.length > LONGEST_ROW)
      throw new UsageError(
        `${file}, line ${line + 1}: found more than ${LONGEST_ROW} bytes without a newline, expected text`,
      )
  }
  if (rest !== '') yield { cells: blankCells(rest, splitter), line: ++line }
}

/** A comment keeps its sign, so that it can be told from a row. */
function blankCells(text: string, splitter: 'wide blanks' | 'blanks'): string[] {
  const cells = splitBlanks(text, splitter)
  if (/^\s*#/.test(text)) cells[0] = `#${cells[0]}`
  return cells
}

/** Whether at least one cell names something that is known, and none is a value. */
function isNamed(cells: readonly string[]): boolean {
  return cells.some((cell) => columnMeaning(cell).kind !== 'unknown') && !cells.some(isValue)
}

function isValue(cell: string): boolean {
  return !['empty', 'text'].includes(kindOfCell(cell))
}

/** The row that names the columns, and its place; undefined where the rows begin with values. */
function findHeader(rows: readonly Row[]): { header: string[]; at: number } | undefined {
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
function withRowNames(header: string[], rows: readonly Row[]): string[] {
  const isOneMore = rows.length > 0 && rows.every(({ cells }) => cells.length === header.length + 1)
  if (!isOneMore || rows.every(({ cells }) => cells.at(-1) === '')) return header
  const areNames =
    rows.some(({ cells }) => !/^\d+$/.test(cells[0]!)) || rows.some(({ cells }) => !/^\d*$/.test(cells.at(-1)!))
  return areNames ? ['', ...header] : header
}

function isHeaderAgain(cells: readonly string[], header: readonly string[]): boolean {
  if (cells.length < 2 && header.length > 1) return false
  const names = namesOf(cells)
  return (
    names.every((name, i) => name === header[i]) ||
    (names.length === header.length && isNamed(names) && names.length > 1)
  )
}

/** As many cells as the table has columns; undefined when it cannot be made so. */
function fitted(cells: string[], width: number, splitter: Splitter): string[] | undefined {
  if (cells.length === width) return cells
  if (cells.length === width + 1 && cells.at(-1) === '') return cells.slice(0, -1)
  // A command line at the end of a row may have blanks in it.
  if (splitter === 'blanks' && cells.length > width && width > 2)
    return [...cells.slice(0, width - 1), cells.slice(width - 1).join(' ')]
  // What a short row lacks may be cells that nobody asks for.
  return cells.length < width && !splitter.endsWith('blanks') ? cells : undefined
}

function wrongWidth(file: string, row: Row, width: number): UsageError {
  const isDecimalComma = row.cells.length > width && row.cells.some((cell) => /^\d+$/.test(cell))
  return new UsageError(
    `${file}, line ${row.line}: found ${quoted(row.cells.join(','))}, which has ${row.cells.length} cells, expected ${width}`,
    isDecimalComma ? { fix: 'Do its numbers have decimal commas? Then separate the cells by semicolons.' } : {},
  )
}

export function quoted(text: string): string {
  if (text === '') return 'an empty line'
  return `"${text.length > 80 ? `${text.slice(0, 77)}...` : text}"`
}

export function* take<T>(items: Iterable<T>, count: number): Generator<T, undefined> {
  let taken = 0
  if (count === 0) return
  for (const item of items) {
    yield item
    if (++taken === count) return
  }
}
