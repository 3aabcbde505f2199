import { UsageError } from '../../../shared/errors.js'
import { printableLine } from '../../../shared/printable.js'
import type { RecordingEvent } from '../recording-event.js'
import { columnNamed, columnsOf } from './columns/columns.js'
import { parseRound } from './columns/position-columns.js'
import { keyOf, type Layout, layoutOf } from './layout.js'
import { quoted, type Row, type Table, take } from './rows.js'
import { byRound, byTime, Readings, totalOf } from './series.js'
import type { TableOptions } from './table-options.js'

/** One series of a table: a process, a client, a run. */
export interface TablePart {
  /** Name of the series; null if the table holds only one. */
  name: string | null
  readings: Readings
  /** Axis of the series; without rounds, time or the row number is `time`. */
  by: 'round' | 'time'
  hasTimes: boolean
  notes: string[]
}

/** Number of rows that names, units and series are derived from. */
const ROWS_LOOKED_AT = 5000
const MOST_READINGS = 20_000_000
const MOST_SERIES = 200

/**
 * Reads a whole table of rounds or of times, in 32 bytes per reading.
 *
 * @throws UsageError with the line and what was expected, or with the option that settles what
 *   names and values do not
 */
export function readTable(table: Table, options: TableOptions): TablePart[] {
  const isAsked = filterOf(table, options)
  const head = [...take(filtered(table, isAsked), ROWS_LOOKED_AT)]
  if (head.length === 0) return nothingIn(table, options)
  const layout = layoutOf(table, head, options)
  const collected = collect(table, filtered(table, isAsked), layout)
  const notes = [
    layout.words,
    ...layout.warnings,
    ...(collected.hasZeros ? ['a memory of 0 stands for a reading that failed'] : []),
  ]
  const { read, unread } = withReadings([...collected.series])
  if (unread.length > 0) notes.push(`left out, since no reading is in it: ${shortList(unread)}`)
  const series = read.map(([name, readings]) => partsOf(table, name, readings, layout, options, collected.isLocal))
  const parts = options.sum === true ? totals(series) : series.flat()
  if (parts.length > MOST_SERIES)
    throw new UsageError(`${table.place}: found ${parts.length} series, of which at most ${MOST_SERIES} are judged`, {
      fix: 'Take some with --where COLUMN=VALUE, or judge their total with --sum.',
    })
  return parts.map((part) => ({
    ...part,
    name: parts.length === 1 ? null : part.name,
    notes: [...notes, ...part.notes],
  }))
}

/**
 * Drops series without a reading, since a job's own row in sacct has no memory, only its steps
 * have. A single series is kept.
 */
function withReadings(series: [string, Readings][]): { read: [string, Readings][]; unread: string[] } {
  const holds = ({ bytes, length }: Readings) => bytes.subarray(0, length).some((value) => !Number.isNaN(value))
  const read = series.filter(([, readings]) => holds(readings))
  if (read.length === 0) return { read: series, unread: [] }
  return { read, unread: series.flatMap(([name, readings]) => (holds(readings) ? [] : [name])) }
}

function shortList(names: readonly string[]): string {
  return `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ', ...' : ''}`
}

function filterOf(table: Table, { where = [] }: TableOptions): (row: Row) => boolean {
  if (where.length === 0) return () => true
  const columns = columnsOf(table, [...take(table.rows(), 1)])
  const wanted = where.map(({ column, value }) => ({
    index: columnNamed(table.place, columns, column, '--where').index,
    value,
  }))
  return ({ cells }) => wanted.every(({ index, value }) => cells[index] === value)
}

function* filtered(table: Table, isAsked: (row: Row) => boolean): Generator<Row, undefined> {
  for (const row of table.rows()) if (isAsked(row)) yield row
}

/**
 * Handles a table without rows. It checks the columns all the same, since a wrong name is the
 * likelier mistake.
 */
function nothingIn(table: Table, options: TableOptions): TablePart[] {
  if ((options.where?.length ?? 0) > 0)
    throw new UsageError(
      `${table.file}: no row has ${options.where!.map(({ column, value }) => `${column}=${value}`).join(' and ')}, as --where asks`,
    )
  layoutOf(table, [], options)
  return []
}

interface Collected {
  series: Map<string, Readings>
  isLocal: boolean
  hasZeros: boolean
}

function collect(table: Table, rows: Iterable<Row>, layout: Layout): Collected {
  const series = new Map<string, Readings>()
  const names = new Map<string, string>()
  const nameOf = (cells: readonly string[]) => {
    const key = keyOf(cells, layout.series)
    const name = names.get(key) ?? seriesName(cells, layout)
    names.set(key, name)
    return name
  }
  const { time, round, memory } = layout
  let [count, isLocal, hasZeros] = [0, false, false]
  for (const row of rows) {
    const number = round === null ? Number.NaN : roundOf(table, row, round.index)
    const moment = time === null ? null : time.read(row.cells)
    if (moment === undefined)
      throw rowError(table, row, `a time for "${time!.name}": a number, or a date such as 2026-11-23 20:48:23`)
    if (number === null || (round === null && time !== null && moment === null)) continue
    isLocal ||= moment?.isLocal === true
    for (const { index, name, whose, read } of memory) {
      const cell = row.cells[index]
      const bytes = cell === undefined ? undefined : read(cell)
      if (cell === undefined || bytes === undefined)
        throw rowError(table, row, `a number of at least 0, or nothing, for "${name}"`)
      hasZeros ||= bytes === null && /^0+(?:[.,]0*)?(?:\D|$)/.test(cell)
      const key = [nameOf(row.cells), whose].filter((part) => part !== '').join(' ')
      const readings = series.get(key) ?? new Readings()
      if (readings.length === 0) series.set(key, readings)
      const position = time === null && round === null ? readings.length + 1 : number
      readings.add(position, moment?.ms ?? Number.NaN, bytes, row.line)
      if (++count > MOST_READINGS)
        throw new UsageError(`${table.file} holds more than ${MOST_READINGS} readings`, {
          fix: 'Take some with --where COLUMN=VALUE.',
        })
    }
  }
  return { series, isLocal, hasZeros }
}

/** Returns the round of a row; null if the cell is empty. */
function roundOf(table: Table, row: Row, index: number): number | null {
  const cell = row.cells[index] ?? ''
  if (cell === '') return null
  const round = parseRound(cell)
  if (round === undefined) throw rowError(table, row, 'the whole number of a round')
  return round
}

/** Names a series `site-1`, or `pid 4127` if the value alone says little. */
function seriesName(cells: readonly string[], { series }: Layout): string {
  return series
    .map(({ name, index }) => {
      const value = cells[index] ?? ''
      return /[a-z]/i.test(value) ? value : `${name} ${value}`
    })
    .join(' ')
}

function rowError(table: Table, row: Row, expected: string, fix?: string): UsageError {
  return new UsageError(
    `${table.file}, line ${row.line}: found ${quoted(row.cells.join(','))}, expected ${expected}`,
    fix === undefined ? {} : { fix },
  )
}

function partsOf(
  table: Table,
  name: string,
  readings: Readings,
  layout: Layout,
  options: TableOptions,
  isLocal: boolean,
): TablePart[] {
  const hasTimes = layout.time !== null
  const by = layout.round === null && hasTimes ? 'time' : 'round'
  const ordered =
    by === 'round' ? byRound(readings, options.inRound, hasTimes) : byTime(readings, layout.time!.kind, isLocal)
  if (ordered === undefined)
    throw new UsageError(
      `${table.place}: "${layout.round!.name}" has the same round in several rows, and nothing tells which of them counts`,
      {
        fix: 'Take the last, the highest or the median of each round: --in-round last',
      },
    )
  if ('goesBack' in ordered) throw goesBack(table, readings.lines[ordered.goesBack]!)
  const { runs, notes } = ordered
  return runs.map((run, i) => {
    const ofRun = runs.length === 1 ? [] : [`run ${i + 1} of ${runs.length}`]
    const whole = [name, ...ofRun].filter((part) => part !== '').join(', ')
    return { name: whole === '' ? null : printableLine(whole), readings: run, by, hasTimes, notes }
  })
}

function goesBack(table: Table, line: number): UsageError {
  for (const row of table.rows())
    if (row.line === line) return rowError(table, row, 'a time that does not go back', MANY_SERIES)
  return new UsageError(`${table.file}, line ${line}: expected a time that does not go back`, { fix: MANY_SERIES })
}

const MANY_SERIES = 'Do its rows belong to several series? Name the column that tells them apart: --series NAME'

/**
 * Sums the series. The runs of a series follow one another, so each is added to those of the other
 * series at its index.
 */
function totals(series: readonly TablePart[][]): TablePart[] {
  const runs = Math.max(...series.map(({ length }) => length))
  return Array.from({ length: runs }, (_, run) => {
    const parts = series.flatMap((own) => own[run] ?? [])
    const readings = totalOf(
      parts.map((part) => part.readings),
      parts[0]!.by,
    )
    const names = parts.map(({ name }) => name ?? 'one')
    const name = runs === 1 ? null : `run ${run + 1} of ${runs}`
    return {
      ...parts[0]!,
      name,
      readings,
      notes: [...parts[0]!.notes, `the total of ${parts.length} series: ${shortList(names)}`],
    }
  })
}

const MOST_NAMED = 12

/**
 * Yields the readings as events: over time, or as rounds that each last from the previous one's
 * time to its own.
 */
export function* eventsOf(part: TablePart): Generator<RecordingEvent, undefined> {
  const { readings, by, hasTimes, notes } = part
  for (const message of notes) yield { kind: 'note', message }
  let beforeMs: number | null = null
  for (let i = 0; i < readings.length; i++) {
    const bytes = readings.bytes[i]!
    const rssBytes = Number.isNaN(bytes) ? null : bytes
    const time = readings.timesMs[i]!
    const timeMs: number | null = hasTimes && !Number.isNaN(time) ? time : null
    if (timeMs !== null) yield { kind: 'reading', pid: null, timeMs, rssBytes }
    if (by === 'time') continue
    const startMs: number | null = beforeMs !== null && timeMs !== null && timeMs >= beforeMs ? beforeMs : null
    yield {
      kind: 'round',
      round: readings.rounds[i]!,
      startMs,
      endMs: startMs === null ? null : timeMs,
      process: null,
      peakBytes: null,
      peakKind: 'sampled',
      endRssBytes: rssBytes,
    }
    beforeMs = timeMs
  }
}
