import { UsageError } from '../../../shared/errors.js'
import { shellWord } from '../../../shared/text.js'
import { PHASE_VALUES } from './columns/column-words.js'
import { type Column, columnNamed, columnsOf, list } from './columns/columns.js'
import { findMemory, type MemoryColumn } from './columns/memory-columns.js'
import {
  countsRounds,
  findTime,
  type RoundColumn,
  roundCandidates,
  type TimeColumn,
} from './columns/position-columns.js'
import { quoted, type Row, type Table } from './rows.js'
import type { TableOptions } from './table-options.js'

/** How the columns of a table are read. */
export interface Layout {
  time: TimeColumn | null
  /**
   * Column of rounds; if there is neither a round nor a time, null: the rows of a series are
   * counted.
   */
  round: RoundColumn | null
  memory: MemoryColumn[]
  /** Columns whose values together identify the series of a row. */
  series: Column[]
  /** How the columns were read, in one sentence. */
  words: string
  warnings: string[]
}

/**
 * Decides which columns hold time, rounds, memory and series.
 *
 * @throws UsageError with the option that settles it, if names and values do not
 */
export function layoutOf(table: Table, rows: readonly Row[], options: TableOptions): Layout {
  const { place } = table
  const columns = columnsOf(table, rows)
  const time = findTime(place, columns, options)
  const taken = new Set([time?.name, options.column, options.series].filter((name) => name !== undefined))
  const candidates =
    options.roundColumn === undefined
      ? roundsOf(columns, taken, time)
      : [askedRound(place, columns, options.roundColumn)]
  const positions = new Set(
    columns
      .filter(({ name }) => isPart(name, time) || candidates.some((one) => one.name === name))
      .map(({ index }) => index),
  )
  const labels = seriesColumns(place, columns, positions, rows, options)
  const used = new Set([...positions, ...labels.map(({ index }) => index)])
  const counting = time === null && candidates.length === 0 ? uncounted(place, columns, used) : null
  if (counting !== null) used.add(counting.index)
  const memory = findMemory(place, columns, used, options)
  const round = bestRound(candidates, rows, labels) ?? counting
  const layout: Layout = {
    time,
    round: round === null ? null : { name: round.name, index: round.index },
    memory: memory.columns,
    series: labels,
    words: '',
    warnings: memory.warnings,
  }
  assertNothingMixed(place, columns, rows, layout, options)
  return { ...layout, words: wordsOf(layout, memory.words) }
}

/**
 * Highest rank of a weak name such as `index`, which counts rows rather than rounds if the rows
 * have times.
 */
const COUNTS_ROWS = 10

function roundsOf(columns: readonly Column[], taken: ReadonlySet<string>, time: TimeColumn | null): Column[] {
  const found = roundCandidates(columns, taken).filter(({ meaning }) => time === null || meaning.rank > COUNTS_ROWS)
  if (found.length > 0 || time !== null) return found
  // Its cells are not round numbers; reading them reports this with the line.
  return columns
    .filter(({ name, meaning }) => !taken.has(name) && meaning.kind === 'round' && meaning.rank > COUNTS_ROWS)
    .slice(0, 1)
}

function askedRound(place: string, columns: readonly Column[], name: string): Column {
  const column = columnNamed(place, columns, name, '--round-column')
  if (countsRounds(column)) return column
  throw new UsageError(
    `${place}: the column "${column.name}", as --round-column asks, holds ${quoted([...column.values.distinct.keys()].find((cell) => !/^\d{1,8}$/.test(cell)) ?? '')}, expected the numbers of rounds`,
  )
}

function isPart(name: string, time: TimeColumn | null): boolean {
  return time !== null && (time.name === name || time.name.split('" and "').includes(name))
}

/**
 * Picks the best column in which each number appears once per series: `epoch` repeats while `step`
 * continues.
 */
function bestRound(candidates: readonly Column[], rows: readonly Row[], labels: readonly Column[]): Column | null {
  const [first] = candidates
  if (first === undefined) return null
  const isUnique = (column: Column) => repeatsOf(rows, [...labels, column]) === 0
  return isUnique(first) ? first : (candidates.find((column) => isUnique(column) && column.values.isRising) ?? first)
}

/** Counts the rows that have the same values in these columns as an earlier row. */
function repeatsOf(rows: readonly Row[], columns: readonly Column[]): number {
  const seen = new Set(rows.map(({ cells }) => keyOf(cells, columns)))
  return rows.length - seen.size
}

export function keyOf(cells: readonly string[], columns: readonly { index: number }[]): string {
  return columns.map(({ index }) => cells[index] ?? '').join('\u001f')
}

/**
 * Finds a column that counts up, in a table without rounds and times; null means that the rows are
 * counted.
 */
function uncounted(place: string, columns: readonly Column[], used: ReadonlySet<number>): Column | null {
  const others = columns.filter(({ index }) => !used.has(index))
  if (others.length === 1) return null
  const counting = others.find((column) => column.meaning.kind === 'unknown' && isCounting(column))
  if (counting !== undefined) return counting
  if (others.some(({ meaning }) => meaning.kind === 'memory' || meaning.kind === 'percent')) return null
  throw new UsageError(`${place}: found ${list(columns)}, expected a column "time" or "round"`, {
    fix: 'Name the one that it is: --round-column NAME or --time-column NAME',
  })
}

/** Returns true for whole numbers in steps of one size, apart from restarts. */
function isCounting(column: Column): boolean {
  const { values } = column
  if (!countsRounds(column) || values.counts.number < 3) return false
  const numbers = [...values.distinct.keys()].map(Number).sort((a, b) => a - b)
  const step = numbers[1]! - numbers[0]!
  return numbers.every((number, i) => i === 0 || number - numbers[i - 1]! === step)
}

/**
 * Finds columns whose name says that they distinguish series; they have more than one value, and
 * each value several rows.
 */
function seriesColumns(
  place: string,
  columns: readonly Column[],
  positions: ReadonlySet<number>,
  rows: readonly Row[],
  options: TableOptions,
): Column[] {
  if (options.series !== undefined) return [columnNamed(place, columns, options.series, '--series')]
  const named = columns.filter(
    ({ index, name, meaning, values }) =>
      !positions.has(index) &&
      name !== options.column &&
      meaning.kind === 'series' &&
      values.kind !== 'size' &&
      values.kind !== 'date' &&
      values.distinct.size > 1 &&
      rows.length / values.distinct.size >= ROWS_A_SERIES,
  )
  return rows.length / new Set(rows.map(({ cells }) => keyOf(cells, named))).size >= ROWS_A_SERIES
    ? named
    : narrowed(named, rows)
}

/** Minimum rows per value; with fewer, the column distinguishes rows rather than series. */
const ROWS_A_SERIES = 2

function narrowed(named: readonly Column[], rows: readonly Row[]): Column[] {
  const kept: Column[] = []
  for (const column of named)
    if (rows.length / new Set(rows.map(({ cells }) => keyOf(cells, [...kept, column]))).size >= ROWS_A_SERIES)
      kept.push(column)
  return kept
}

/**
 * Rejects several rows at one position that a column distinguishes: they are several series, or
 * moments within a round.
 */
function assertNothingMixed(
  place: string,
  columns: readonly Column[],
  rows: readonly Row[],
  layout: Layout,
  options: TableOptions,
): void {
  if (options.inRound !== undefined || (layout.round === null && layout.time === null)) return
  const positions =
    layout.round === null
      ? columns.filter(({ name }) => isPart(name, layout.time))
      : columns.filter(({ index }) => index === layout.round!.index)
  const own = [...layout.series, ...positions]
  const repeats = repeatsOf(rows, own)
  if (repeats < rows.length * MIXED_SHARE) return
  const used = new Set([...own, ...layout.memory].map(({ index }) => index))
  const dividing = columns.filter(
    (column) =>
      !used.has(column.index) &&
      !isPart(column.name, layout.time) &&
      isDividing(column) &&
      repeatsOf(rows, [...own, column]) <= repeats / 10,
  )
  const phase = dividing.find(
    ({ meaning, values }) =>
      meaning.kind === 'phase' || [...values.distinct.keys()].some((value) => PHASE_VALUES.has(value.toLowerCase())),
  )
  const column = phase ?? dividing[0]
  if (column === undefined) return
  const values = [...column.values.distinct.keys()]
  const shown = values.slice(0, 8).join(', ') + (values.length > 8 ? ', ...' : '')
  const name = shellWord(column.name)
  const what =
    layout.round === null
      ? `each time has several rows, which "${column.name}" tells apart`
      : `each round has several rows, which "${column.name}" tells apart`
  const last = values.find((value) => /^(end|after|post|final|finish|done)/i.test(value)) ?? values.at(-1)!
  throw new UsageError(`${place}: ${what} (${shown})`, {
    fix:
      phase === undefined
        ? `Is each a series of its own? --series ${name}. Only one of them: --where ${shellWord(`${column.name}=${last}`)}`
        : `Name the moment to judge: --where ${shellWord(`${column.name}=${last}`)}. Are they series? --series ${name}`,
  })
}

/** Minimum share of repeats; fewer are restarts, or two readings in a second. */
const MIXED_SHARE = 0.2
const MOST_SERIES_BY_VALUES = 64

function isDividing({ values, meaning }: Column): boolean {
  const { size } = values.distinct
  if (size < 2 || size > MOST_SERIES_BY_VALUES || meaning.kind === 'memory' || meaning.kind === 'percent') return false
  return values.kind === 'text' || (values.kind === 'number' && values.areWhole)
}

function wordsOf({ time, round, series }: Layout, memory: string): string {
  const from = [
    ...(round === null ? [] : [`rounds from "${round.name}"`]),
    ...(time === null ? [] : [`time from "${time.name}" (${time.words})`]),
    ...(round === null && time === null ? ['each row as a round'] : []),
    memory,
    ...(series.length === 0 ? [] : [`series by ${series.map(({ name }) => `"${name}"`).join(', ')}`]),
  ]
  return `read: ${from.join(', ')}`
}
