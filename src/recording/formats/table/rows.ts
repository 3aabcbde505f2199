import Papa from 'papaparse'
import { UsageError } from '../../../shared/errors.js'
import { isBetweenBlocks, momentOf } from './blocks.js'
import { findHeader, fitted, isHeaderAgain, isNamed, usual, usualWidth, withRowNames } from './header.js'
import { textChunks } from './text-chunks.js'

/** One line of a table, or one object of a JSON file. */
export interface Row {
  cells: string[]
  /** Line of its first cell; counts from 1. */
  line: number
}

/** A table as rows of texts, in any format. */
export interface Table {
  file: string
  /** Names of the columns; null if the first row already holds values. */
  header: string[] | null
  /** File and line of the header, or of the first row. */
  place: string
  /** Reads the rows of values from the beginning at each call. */
  rows(): Iterable<Row>
}

/** Values by name, from the lines that begin with `line`. */
export interface NamedValues {
  record: Map<string, string>
  line: number
}

/** Number of records that are searched for names. */
const RECORDS_LOOKED_AT = 5000

/**
 * Returns a table of records that each name their values.
 *
 * @param records reads them from the beginning at each call
 */
export function tableOfRecords(file: string, records: () => Iterable<NamedValues>): Table {
  const header = [...new Set([...take(records(), RECORDS_LOOKED_AT)].flatMap(({ record }) => [...record.keys()]))]
  function* rows(): Generator<Row, undefined> {
    for (const { record, line } of records()) yield { cells: header.map((name) => record.get(name) ?? ''), line }
  }
  return { file, header, place: file, rows }
}

/** How the cells of a line are separated. */
type Splitter = ',' | ';' | '\t' | '|' | 'wide blanks' | 'blanks'

const DELIMITERS = [';', '\t', '|', ','] as const
/** Number of lines that the delimiter and the header are derived from. */
const LINES_LOOKED_AT = 60
/** Maximum length of a row; it detects a quote that is never closed. */
const LONGEST_ROW = 1_048_576

/**
 * Reads a table from text.
 *
 * @throws UsageError if the file holds no table
 */
export function textTable(file: string, content: Buffer | undefined): Table {
  const start = startOf(file, content)
  const splitter = splitterOf(start)
  const isWide = usualWidth([...take(rowsOf(file, content, splitter), LINES_LOOKED_AT)]) > 1
  const first = [...take(blocksOf(rowsOf(file, content, splitter), isWide), LINES_LOOKED_AT)]
  if (first.length === 0) throw new UsageError(`${file} holds no row, expected a table such as round,rss`)
  const found = findHeader(first)
  const header = found === undefined ? null : withRowNames(found.header, first.slice(found.at + 1))
  const width = header?.length ?? usualWidth(first)
  const hasBlanks = splitter.endsWith('blanks')
  const isTimed = width > 1 && first.some(({ moment }) => moment !== undefined)
  function* rows(): Generator<Row, undefined> {
    let index = 0
    for (const { cells: given, line, moment } of blocksOf(rowsOf(file, content, splitter), isWide)) {
      if (found !== undefined && index++ <= found.at) continue
      if (header !== null && isHeaderAgain(given, header)) continue
      // A Markdown row ends with the delimiter, and so does a row whose last cell is empty.
      const whole = splitter === '|' && given.length === width - 1 ? [...given, ''] : given
      const cells = fitted(whole, width, hasBlanks, header)
      // Other rows of another width are text between the blocks of top, or summaries below a table.
      if (cells === undefined && hasBlanks) continue
      if (cells === undefined) throw wrongWidth(file, { cells: given, line }, width)
      yield { cells: isTimed ? [moment ?? '', ...cells] : cells, line }
    }
  }
  const place = `${file}, line ${found === undefined ? first[0]!.line : first[found.at]!.line}`
  return { file, header: isTimed && header !== null ? ['time', ...header] : header, place, rows }
}

/**
 * A row, with the time that a line above its block gives: a loop prints the date, then the output
 * of ps.
 */
interface BlockRow extends Row {
  moment: string | undefined
}

function* blocksOf(rows: Iterable<Row>, isWide: boolean): Generator<BlockRow, undefined> {
  let moment: string | undefined
  for (const row of rows) {
    const found = momentOf(row.cells, isWide)
    if (found !== undefined) moment = found
    else if (!isBetweenBlocks(row.cells, isWide)) yield { ...row, moment }
  }
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

/** Picks the delimiter that most lines contain equally often, else blanks. */
function splitterOf(start: string): Splitter {
  const [, found] = /^sep=(.)$/m.exec(start) ?? []
  if (found !== undefined && (DELIMITERS as readonly string[]).includes(found)) return found as Splitter
  const lines = start.split('\n').filter((line) => line.trim() !== '' && !isBetweenBlocks([line], false))
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
  // Two numbers with one blank between them are two cells of ps, although its names have wider
  // blanks between them.
  const areApart = !lines.some((line) => splitBlanks(line, 'wide blanks').some((cell) => /^[\d.]+\s[\d.]+$/.test(cell)))
  if (wide.width > 1 && wide.share > 0.9 && areApart) return 'wide blanks'
  if (narrow.width > 1) return 'blanks'
  return scores.find(({ width }) => width > 1)?.splitter ?? ','
}

function parseAll(text: string, delimiter: string): string[][] {
  return new Papa.Parser({ delimiter, newline: '\n' }).parse(text, 0, false).data
}

/** Splits a line at blanks; dates and times of day stay one cell although they contain a blank. */
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
    // Skip the rulers of Markdown and of Slurm.
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

/** Removes the delimiters with which Markdown begins and ends its rows. */
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

/** Splits a line into cells. A comment keeps its sign, which distinguishes it from a row. */
function blankCells(text: string, splitter: 'wide blanks' | 'blanks'): string[] {
  const cells = splitBlanks(text, splitter)
  if (/^\s*#/.test(text)) cells[0] = `#${cells[0]}`
  return cells
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
