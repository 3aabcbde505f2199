import { MIB } from '../../units.js'
import { type CsvColumns, csvColumns } from './csv-columns.js'
import { csvCells } from './csv-row.js'
import { bytesOfDecimalMib } from './decimal-mib.js'
import type { Lines } from './lines.js'
import type { RecordingEvent } from './recording-event.js'

export interface CsvOptions {
  /** The column of memory, where the file has several; left out: `rss`, or the only one. */
  column?: string | undefined
}

const DELIMITERS = [',', ';', '\t']

/**
 * Reads a table of `time,rss` or `round,rss`, one reading a line, the names of the columns in the first line. An empty
 * cell, or `NaN`, is a missing reading and not a zero.
 *
 * @throws UsageError with the line's number, what was found and what was expected
 */
export function* readCsv(lines: Lines, { column }: CsvOptions = {}): Generator<RecordingEvent, undefined> {
  let delimiter = ','
  let columns: CsvColumns | undefined
  let row: Row | undefined
  for (const line of lines) {
    if (columns === undefined) {
      delimiter = DELIMITERS.find((candidate) => line.includes(candidate)) ?? ','
      const names = csvCells(line.replace(/^\ufeff/, ''), delimiter)
      if (names === undefined) throw lines.error(line, 'the names of the columns, each quote closed')
      columns = csvColumns(lines.file, names, column)
    } else if (line.trim() !== '') {
      const before: Row | undefined = row
      row = parseRow(line, delimiter, columns, lines)
      if (before !== undefined && row.position < before.position)
        throw lines.error(line, `${row.event.kind === 'round' ? 'a round' : 'a time'} that does not go back`)
      yield row.event
    }
  }
}

interface Row {
  /** Ms or the number of the round: what must not go back. */
  position: number
  event: RecordingEvent
}

function parseRow(line: string, delimiter: string, { time, round, rss }: CsvColumns, lines: Lines): Row {
  const cells = csvCells(line, delimiter)
  if (cells === undefined) throw lines.error(line, 'every quote closed')
  const rssBytes = parseBytes(cells[rss.index], rss.bytesPerUnit)
  if (rssBytes === undefined) throw lines.error(line, `a number of at least 0, or nothing, for "${rss.name}"`)
  if (time !== null) {
    const timeMs = parseTime(cells[time.index], time.msPerUnit)
    if (timeMs === undefined)
      throw lines.error(line, 'a time in the first column asked for: a number, or a date in ISO 8601')
    return { position: timeMs, event: { kind: 'reading', pid: null, timeMs, rssBytes } }
  }
  const number = Number(cells[round!.index] || Number.NaN)
  if (!Number.isInteger(number) || number < 0) throw lines.error(line, 'the whole number of a round')
  return { position: number, event: roundEvent(number, rssBytes) }
}

function roundEvent(round: number, endRssBytes: number | null): RecordingEvent {
  const unknown = { startMs: null, endMs: null, process: null, peakBytes: null, peakKind: 'sampled' } as const
  return { kind: 'round', round, ...unknown, endRssBytes }
}

/** Undefined when the cell is no such number. */
function parseBytes(cell: string | undefined, bytesPerUnit: number): number | null | undefined {
  if (cell === undefined) return undefined
  if (cell === '' || cell.toLowerCase() === 'nan') return null
  if (!/^\d+(\.\d*)?(e[+-]?\d+)?$/i.test(cell)) return undefined
  const isPlainMib = bytesPerUnit === MIB && !/e/i.test(cell)
  return isPlainMib ? bytesOfDecimalMib(cell) : Math.round(Number(cell) * bytesPerUnit)
}

/** Seconds since 1970 or since the start, or a date such as `2026-11-23T20:48:23.708Z`. */
function parseTime(cell: string | undefined, msPerUnit: number): number | undefined {
  if (cell === undefined || cell === '') return undefined
  if (/^\d+(\.\d*)?(e[+-]?\d+)?$/i.test(cell)) return Number(cell) * msPerUnit
  const ms = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(cell) ? Date.parse(cell) : Number.NaN
  return Number.isFinite(ms) ? ms : undefined
}
