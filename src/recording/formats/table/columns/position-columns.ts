import { UsageError } from '../../../../shared/errors.js'
import { shellWord } from '../../../../shared/text.js'
import { parseDurationMs } from '../../../../shared/units.js'
import { isMissing, plainNumber } from '../cells.js'
import { parseClock, parseDate } from '../dates.js'
import type { TableOptions } from '../table-options.js'
import { type Column, columnNamed } from './columns.js'

/** How the time of a row is read. */
export interface TimeColumn {
  name: string
  /** Name of the time format, for people: `Unix ms`. */
  words: string
  kind: 'date' | 'unix' | 'clock' | 'relative'
  /** Returns undefined if the cells hold no time, null if they are empty. */
  read(cells: readonly string[]): { ms: number; isLocal: boolean } | null | undefined
}

export interface RoundColumn {
  name: string
  index: number
}

/** Ranges of Unix times from 2001 to 2096, by unit. */
const UNIX_UNITS = [
  { words: 'Unix seconds', msPerUnit: 1000, low: 1e9 },
  { words: 'Unix ms', msPerUnit: 1, low: 1e12 },
  { words: 'Unix microseconds', msPerUnit: 1e-3, low: 1e15 },
  { words: 'Unix nanoseconds', msPerUnit: 1e-6, low: 1e18 },
]

export function unixUnit({ values }: Column): (typeof UNIX_UNITS)[number] | undefined {
  if (values.kind !== 'number') return undefined
  return UNIX_UNITS.find(({ low }) => values.lowest >= low && values.highest < 4 * low)
}

/**
 * Finds the column of time by option, by name, or by values that can be nothing else; null if there
 * is none.
 */
export function findTime(place: string, columns: readonly Column[], options: TableOptions): TimeColumn | null {
  if (options.timeColumn !== undefined) {
    const asked = columnNamed(place, columns, options.timeColumn, '--time-column')
    return timeOf(asked, columns)
  }
  // A lone column of numbers is memory, though bytes may look like Unix seconds.
  if (columns.length === 1 && columns[0]!.meaning.kind === 'unknown') return null
  const candidates = columns.flatMap((column) => {
    const rank = timeRank(place, column, options)
    return rank > 0 ? [{ column, rank }] : []
  })
  const best = candidates
    .filter(({ column }) => !isLengthOfJob(column, columns) && !isOfProcess(column, columns))
    .sort((a, b) => b.rank - a.rank || a.column.index - b.column.index)[0]
  return best === undefined ? null : timeOf(best.column, columns)
}

/**
 * Returns true for the duration of a job in a list with one job per row, as sacct prints it; it is
 * no time axis.
 */
function isLengthOfJob({ name, values }: Column, columns: readonly Column[]): boolean {
  if (!/elapsed|duration|runtime|etime/i.test(name) || values.isRising) return false
  const rows = Object.values(values.counts).reduce((sum, count) => sum + count, 0)
  return columns.some(({ meaning, values }) => meaning.kind === 'series' && values.distinct.size === rows)
}

/** Returns true for what ps and top print of a process: its processor time and its start time. */
function isOfProcess({ name, values, index }: Column, columns: readonly Column[]): boolean {
  const rows = Object.values(values.counts).reduce((sum, count) => sum + count, 0)
  if (values.distinct.size === 1 && rows > 2) return true
  const isOfPs = columns.some((other) => /^(?:PID|CMD|COMMAND|COMM|ARGS)$/i.test(other.name))
  return isOfPs && ((index > 0 && /^(?:TIME\+?|CPUTIME)$/.test(name)) || /^(?:L?START|STARTED|STIME)$/i.test(name))
}

const BY_VALUES = 10

function timeRank(place: string, column: Column, { roundColumn, column: memory, series }: TableOptions): number {
  const { name, meaning, values } = column
  if ([roundColumn, memory, series].includes(name)) return 0
  const isEmpty = values.kind === 'empty' && values.counts.empty > 0
  if (meaning.kind === 'time' && !isEmpty && values.kind !== 'percent') return meaning.rank
  if (values.kind === 'date') return meaning.kind === 'unknown' ? BY_VALUES + 1 : BY_VALUES
  const isUnix = unixUnit(column) !== undefined && values.distinct.size > 1
  if (!isUnix || (meaning.kind !== 'round' && meaning.kind !== 'unknown')) return 0
  if (/round|rnd/i.test(name))
    throw new UsageError(
      `${place}: the column "${name}" holds ${[...values.distinct.keys()][0]}, which is a moment in Unix time and no round`,
      {
        fix: `Is it one? --time-column ${shellWord(name)}. Otherwise name the column of rounds: --round-column NAME`,
      },
    )
  return values.isRising || meaning.kind === 'round' ? BY_VALUES : 0
}

function timeOf(column: Column, columns: readonly Column[]): TimeColumn {
  const { name, index, values, meaning } = column
  if (values.kind === 'date') return dateColumn(column, columns)
  if (values.kind === 'clock') {
    const date = columns.find((other) => other.index !== index && other.values.kind === 'date' && isDateAlone(other))
    if (date !== undefined) return dateAndClock(date, column)
    const isDuration = /elapsed|etime|runtime|duration|uptime/i.test(name)
    const read = textReader(index, (cell) => parseClock(cell, isDuration))
    return { name, words: isDuration ? 'elapsed time' : 'time of day', kind: isDuration ? 'relative' : 'clock', read }
  }
  if (values.kind === 'number') {
    const unix = unixUnit(column)
    const msPerUnit = unix?.msPerUnit ?? meaning.perUnit ?? 1000
    const words = unix?.words ?? RELATIVE_WORDS[msPerUnit] ?? 'units'
    const read = textReader(index, (cell) => {
      const number = plainNumber(cell, values.style)
      return number === undefined ? undefined : Number(number) * msPerUnit
    })
    return { name, words, kind: unix === undefined ? 'relative' : 'unix', read }
  }
  return { name, words: 'durations', kind: 'relative', read: textReader(index, (cell) => parseDurationMs(cell)) }
}

const RELATIVE_WORDS: Record<number, string> = {
  1e-6: 'nanoseconds',
  1e-3: 'microseconds',
  1: 'ms',
  1000: 'seconds',
  60000: 'minutes',
  3600000: 'hours',
}

function textReader(index: number, parse: (cell: string) => number | undefined): TimeColumn['read'] {
  return (cells) => {
    const cell = cells[index] ?? ''
    if (isMissing(cell)) return null
    const ms = parse(cell)
    return ms === undefined ? undefined : { ms, isLocal: false }
  }
}

function dateColumn(column: Column, columns: readonly Column[]): TimeColumn {
  const clock = isDateAlone(column) ? columns.find(({ values }) => values.kind === 'clock') : undefined
  if (clock !== undefined) return dateAndClock(column, clock)
  const { name, index, values } = column
  return {
    name,
    words: 'dates',
    kind: 'date',
    read: (cells) => {
      const cell = cells[index] ?? ''
      return isMissing(cell) ? null : parseDate(cell, values.dateOrder)
    },
  }
}

function isDateAlone({ values }: Column): boolean {
  return [...values.distinct.keys()].every((cell) => !cell.includes(':'))
}

function dateAndClock(date: Column, clock: Column): TimeColumn {
  return {
    name: `${date.name}" and "${clock.name}`,
    words: 'dates',
    kind: 'date',
    read: (cells) => parseDate(`${cells[date.index]} ${cells[clock.index]}`, date.values.dateOrder),
  }
}

/** Maximum number of rounds of a job; a larger number is something else. */
const MOST_ROUNDS = 1e8
/** A round number within words: `Round 3`, `3/10`, `[Round 3]`. */
const ROUND_CELL = /^\W*(?:[a-z]+[\s_.:#-]*)?(\d+)(?:\.0+)?\s*(?:(?:\/|of)\s*\d+)?\W*$/i

/** Returns the round number; undefined if the cell holds none. */
export function parseRound(cell: string): number | undefined {
  const [, digits] = ROUND_CELL.exec(cell) ?? []
  const round = digits === undefined ? Number.NaN : Number(digits)
  return round <= MOST_ROUNDS ? round : undefined
}

/** Returns the columns that may count rounds, the best first. */
export function roundCandidates(columns: readonly Column[], taken: ReadonlySet<string>): Column[] {
  return columns
    .filter((column) => !taken.has(column.name) && column.meaning.kind === 'round' && countsRounds(column))
    .sort((a, b) => b.meaning.rank - a.meaning.rank)
}

/** Returns true for whole numbers that differ between rows and are no Unix times. */
export function countsRounds(column: Column): boolean {
  const { values } = column
  const isConstant = values.distinct.size === 1 && (values.distinct.values().next().value ?? 0) > 3
  if (isConstant || unixUnit(column) !== undefined) return false
  return values.distinct.size > 0 && [...values.distinct.keys()].every((cell) => parseRound(cell) !== undefined)
}
