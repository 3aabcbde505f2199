import { UsageError } from '../../../shared/errors.js'
import { PHASE_VALUES } from './columns/column-words.js'
import { type Column, columnNamed, columnsOf, list } from './columns/columns.js'
import { findMemory, type MemoryColumn } from './columns/memory-columns.js'
import {
  countsRounds,
  findTime,
  type RoundColumn,
  roundCandidates,
  shellWord,
  type TimeColumn,
} from './columns/position-columns.js'
import { quoted, type Row, type Table } from './rows.js'
import type { TableOptions } from './table-options.js'

/** Which columns of a table are read as what. */
export interface Layout {
  time: TimeColumn | null
  /** Null with neither a round nor a time: the rows of a series are counted. */
  round: RoundColumn | null
  memory: MemoryColumn[]
  /** Columns whose values together tell whose memory a row is. */
  series: Column[]
  /** One sentence: what was taken for what. */
  words: string
  warnings: string[]
}

/** @throws UsageError with the option that settles it, where names and values do not */
export function tensorSchemaOf(table: Table, rows: readonly Row[], options: TableOptions): Layout {
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

/** A weak name such as `index` counts rows, not rounds, where the rows have times. */
const COUNTS_ROWS = 10

function roundsOf(columns: readonly Column[], taken: ReadonlySet<string>, time: TimeColumn | null): Column[] {
  const found = roundCandidates(columns, taken).filter(({ meaning }) => time === null || meaning.rank > COUNTS_ROWS)
  if (found.length > 0 || time !== null) return found
  // Its cells are no numbers of rounds, which reading them will say, with the line.
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

/** Of several, the best that has each number once in a series: `epoch` repeats where `step` goes on. */
function bestRound(candidates: readonly Column[], rows: readonly Row[], labels: readonly Column[]): Column | null {
  const [first] = candidates
  if (first === undefined) return null
  const isUnique = (column: Column) => repeatsOf(rows, [...labels, column]) === 0
  return isUnique(first) ? first : (candidates.find((column) => isUnique(column) && column.values.isRising) ?? first)
}

/** How many rows have the same values in these columns as a row before. */
function repeatsOf(rows: readonly Row[], columns: readonly Column[]): number {
  const seen = new Set(rows.map(({ cells }) => keyOf(cells, columns)))
  return rows.length - seen.size
}

export function keyOf(cells: readonly string[], columns: readonly { index: number }[]): string {
  return columns.map(({ index }) => cells[index] ?? '').join('\u001f')
}

/** Without a round and a time: a column that counts up, else null, and the rows themselves are counted. */
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

/** Whole numbers, each a step of the same size above the one before, but for restarts. */
function isCounting(column: Column): boolean {
  const { values } = column
  if (!countsRounds(column) || values.counts.number < 3) return false
  const numbers = [...values.distinct.keys()].map(Number).sort((a, b) => a - b)
  const step = numbers[1]! - numbers[0]!
  return numbers.every((number, i) => i === 0 || number - numbers[i - 1]! === step)
}

/** Columns by name that tell series apart: with more than one value, and each value for several rows. */
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

/** Fewer rows than this for each value: it tells rows apart, not series. */
const ROWS_A_SERIES = 2

function narrowed(named: readonly Column[], rows: readonly Row[]): Column[] {
  const kept: Column[] = []
  for (const column of named)
    if (rows.length / new Set(rows.map(({ cells }) => keyOf(cells, [...kept, column]))).size >= ROWS_A_SERIES)
      kept.push(column)
  return kept
}

/** Several rows at one position that a column tells apart are several series, or moments within a round. */
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

/** Below this share repeats are restarts, or two readings in a second. */
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
