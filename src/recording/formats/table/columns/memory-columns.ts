import { totalmem } from 'node:os'
import { UsageError } from '../../../../shared/errors.js'
import { shellWord } from '../../../../shared/text.js'
import { formatBytes, MIB } from '../../../../shared/units.js'
import { bytesOfDecimalMib } from '../../decimal-mib.js'
import { isMissing, isPercent, PLAIN_NUMBER, plainNumber, sizeParts } from '../cells.js'
import type { TableOptions } from '../table-options.js'
import { type Column, columnNamed, list } from './columns.js'

/** How the memory of a row is read. */
export interface MemoryColumn {
  index: number
  name: string
  /**
   * Name of the process whose memory the column holds, if a table has one column for each; empty if
   * it has only one.
   */
  whose: string
  /** Returns null for a missing reading, undefined if the cell holds no amount of memory. */
  read(cell: string): number | null | undefined
}

export interface MemoryColumns {
  columns: MemoryColumn[]
  /** How the columns were read, for the line that reports it. */
  words: string
  warnings: string[]
}

/** Maximum memory of a machine; a larger value is in another unit. */
const MOST_MEMORY_BYTES = 64 * 2 ** 40
/** Minimum memory of a running process. */
const LEAST_PROCESS_BYTES = MIB

/**
 * Finds the columns of memory: the requested one, the one whose name fits best, or several that
 * differ only in the process that they belong to.
 *
 * @throws UsageError with a fix, if no column or more than one fits, or the unit is unclear
 */
export function findMemory(
  place: string,
  columns: readonly Column[],
  used: ReadonlySet<number>,
  options: TableOptions,
): MemoryColumns {
  const others = columns.filter(({ index }) => !used.has(index))
  const found = options.column === undefined ? byName(place, others) : [asked(place, others, options.column)]
  const chosen = found.map((column) => withCommasRead(place, column, options.bytesPerUnit))
  const unit = unitOf(place, chosen, options.bytesPerUnit)
  const labels = whoseOf(chosen)
  const warnings = [...unit.warnings]
  for (const { name, meaning } of chosen)
    if (meaning.kind === 'virtual')
      warnings.push(`"${name}" is virtual memory: address space, most of which is no memory in use`)
  return {
    columns: chosen.map((column, i) => ({
      index: column.index,
      name: column.name,
      whose: labels[i]!,
      read: sizeReader(column, unit.bytesPerUnit),
    })),
    words: `memory from ${chosen.map(({ name }) => `"${name}"`).join(', ')} (${unit.words})`,
    warnings,
  }
}

/**
 * Reads the comma in `416,460` as thousands or decimals, whichever can be the memory of a process
 * on this machine.
 */
function withCommasRead(place: string, column: Column, given: number | undefined): Column {
  const { values, meaning, name } = column
  if (!values.isCommaUnclear) return column
  const factor = given ?? meaning.perUnit ?? MIB
  const isLikely = (value: number) => value * factor <= totalmem() && value * factor >= LEAST_PROCESS_BYTES
  const [areThousands, areDecimals] = [isLikely(values.highest), isLikely(values.highest / 1000)]
  if (areThousands && !areDecimals) return column
  if (areDecimals && !areThousands) {
    const decimals = { lowest: values.lowest / 1000, highest: values.highest / 1000, areWhole: false }
    return { ...column, values: { ...values, ...decimals, style: { decimal: ',' } } }
  }
  throw new UsageError(
    `${place}: the commas in "${name}", such as ${[...values.distinct.keys()].find((cell) => cell.includes(','))}, can stand before decimals or between thousands`,
    { fix: 'Write the numbers without commas between thousands, or with a point before the decimals.' },
  )
}

function asked(place: string, others: readonly Column[], name: string): Column {
  const column = columnNamed(place, others, name, '--column')
  if (column.meaning.kind === 'percent') throw percentages(place, [column])
  if (column.values.kind === 'text' || column.values.kind === 'date' || column.values.kind === 'clock')
    throw new UsageError(
      `${place}: the column "${column.name}" holds ${[...column.values.distinct.keys()][0]}, expected amounts of memory`,
    )
  return column
}

function byName(place: string, others: readonly Column[]): Column[] {
  const holds = ({ values }: Column) => values.kind !== 'text' && values.kind !== 'date' && values.kind !== 'clock'
  const named = others.filter((column) => column.meaning.kind === 'memory' && (holds(column) || others.length === 1))
  const highest = Math.max(...named.map(({ meaning }) => meaning.rank))
  const best = named.filter(({ meaning }) => meaning.rank === highest)
  if (best.length === 1) return best
  if (best.length > 1) {
    if (new Set(whoseOf(best)).size === best.length) return best
    throw new UsageError(`${place}: found ${list(best)}, which all name memory`, { fix: fixOf(best) })
  }
  return left(place, others)
}

/**
 * Finds memory by elimination. A table of two columns needs no name that says memory; a name that
 * says something else is believed.
 */
function left(place: string, others: readonly Column[]): Column[] {
  const isNumeric = ({ values }: Column) => ['number', 'size', 'empty'].includes(values.kind)
  const left = others.filter((column) => column.meaning.kind === 'unknown' && isNumeric(column))
  const sizes = withUnits(others.filter(({ meaning }) => meaning.kind === 'unknown' || meaning.kind === 'series'))
  if (sizes.length === 1) return sizes
  if (left.length === 1) return left
  if (left.length === 0 && others.length === 1 && others[0]!.meaning.kind === 'unknown') return [others[0]!]
  // Grafana names each column for the process whose memory it holds.
  const named = others.filter(({ meaning, values }) => meaning.kind === 'series' && values.kind !== 'text')
  const areReadings = ({ values }: Column) => values.distinct.size > LEAST_READINGS && values.lowest > MOST_PERCENT
  if (left.length === 0 && named.length > 0 && named.length === others.length)
    if (sizes.length === named.length || named.every(areReadings)) return named
  const percent = others.filter(({ meaning }) => meaning.kind === 'percent')
  if (left.length === 0 && percent.length > 0) throw percentages(place, percent)
  const virtual = others.filter(({ meaning }) => meaning.kind === 'virtual')
  const why =
    left.length === 0 && virtual.length > 0
      ? `; virtual memory ("${virtual[0]!.name}") is address space and no RSS`
      : ''
  throw new UsageError(`${place}: found ${list(others)}, expected a column "rss"${why}`, {
    fix: 'Name the column of memory: --column NAME',
  })
}

/** Number of different values that a process's readings exceed. */
const LEAST_READINGS = 4
/** Highest value that may be a client's accuracy under the client's name. */
const MOST_PERCENT = 100

/**
 * Returns the columns whose cells have units. `12m` is a size, but next to `500Mi` it means
 * thousandths of a processor.
 */
function withUnits(columns: readonly Column[]): Column[] {
  const sizes = columns.filter(({ values }) => values.kind === 'size')
  const isMilli = ({ values }: Column) => [...values.distinct.keys()].every((cell) => /^\d+m$/.test(cell))
  const others = sizes.filter((column) => !isMilli(column))
  return others.length > 0 ? others : sizes
}

function percentages(place: string, columns: readonly Column[]): UsageError {
  return new UsageError(
    `${place}: found ${list(columns)}, which ${columns.length === 1 ? 'holds' : 'hold'} percentages, and a percentage is no amount of memory`,
    { fix: 'Record the RSS itself, in bytes or MiB; a percentage can be of the machine, of a limit or of a share.' },
  )
}

function fixOf(columns: readonly Column[]): string {
  return `Name the one to judge: --column ${shellWord(columns[0]!.name)}`
}

/**
 * Returns the part of each name that differs from the others, without their common beginning and
 * end.
 */
function whoseOf(columns: readonly Column[]): string[] {
  if (columns.length === 1) return ['']
  const names = columns.map(({ name, meaning }) => (/[{]/.test(name) ? meaning.rest : name))
  const parts = names.map((name) => name.split(/(?<=[^A-Za-z0-9-])|(?=[^A-Za-z0-9-])/))
  const shortest = Math.min(...parts.map(({ length }) => length))
  let head = 0
  while (head < shortest - 1 && parts.every((own) => own[head] === parts[0]![head])) head++
  let tail = 0
  while (tail < shortest - 1 - head && parts.every((own) => own.at(-1 - tail) === parts[0]!.at(-1 - tail))) tail++
  return parts.map(
    (own, i) =>
      own
        .slice(head, own.length - tail)
        .join('')
        .replaceAll(/^[\s_.,-]+|[\s_.,=-]+$/g, '') || names[i]!,
  )
}

interface Unit {
  bytesPerUnit: number
  words: string
  warnings: string[]
}

/** What `--unit` takes, for the errors that ask for it. */
const UNITS = '--unit bytes, KiB, MiB, GiB or pages (of 4096 bytes)'

const UNIT_WORDS: [number, string][] = [
  [1, 'bytes'],
  [1024, 'KiB'],
  [1e3, 'kB of 1000 bytes'],
  [MIB, 'MiB'],
  [1e6, 'MB of 1,000,000 bytes'],
  [1024 * MIB, 'GiB'],
  [1e9, 'GB'],
  [1e12, 'TB'],
  [MIB * MIB, 'TiB'],
  [4096, 'pages of 4096 bytes'],
]

function unitOf(place: string, columns: readonly Column[], given: number | undefined): Unit {
  const highest = Math.max(...columns.map(({ values }) => values.highest))
  const lowest = Math.min(...columns.map(({ values }) => values.lowest))
  const named = columns[0]!.meaning.perUnit
  const name = columns[0]!.name
  const wordsOf = (factor: number) => UNIT_WORDS.find(([known]) => known === factor)?.[1] ?? `${factor} bytes`
  if (columns.every(({ values }) => values.counts.number === 0 && values.counts.size > 0))
    return { bytesPerUnit: given ?? MIB, words: 'units in the cells', warnings: [] }
  const known = given ?? named
  if (known !== undefined) {
    if (highest * known > MOST_MEMORY_BYTES)
      throw new UsageError(
        `${place}: the column "${name}" holds ${highest}, which in ${wordsOf(known)} is ${formatBytes(highest * known)}, more than any machine has`,
        { fix: `Say what it counts: ${UNITS}` },
      )
    return { bytesPerUnit: known, words: wordsOf(known), warnings: questions(name, highest * known, wordsOf(known)) }
  }
  const { unclearUnit } = columns[0]!.meaning
  if (unclearUnit !== undefined)
    throw new UsageError(
      `${place}: the column "${name}" counts ${unclearUnit}, and how many bytes that is depends on the machine`,
      { fix: `Say what it counts: ${UNITS}` },
    )
  assertNoPercentages(place, columns, highest)
  const bytesPerUnit = unitByValues(place, columns, lowest, highest)
  const words = `${wordsOf(bytesPerUnit)}, by its values`
  return bytesPerUnit === MIB
    ? { bytesPerUnit, words: 'MiB, since no unit is named', warnings: questions(name, highest * MIB, 'MiB') }
    : { bytesPerUnit, words, warnings: [] }
}

/**
 * Warns about more memory than this machine has: the table may be of a larger machine, or the unit
 * may be wrong.
 */
function questions(name: string, bytes: number, words: string): string[] {
  if (bytes <= totalmem()) return []
  return [
    `"${name}" in ${words} comes to ${formatBytes(bytes)}, more than this machine has (${formatBytes(totalmem())}); if it is in another unit, say --unit`,
  ]
}

/**
 * Guesses the unit: MiB if the values allow it, else the only unit in which they fit a process on
 * this machine. Page sizes settle the rest: RSS in bytes is a multiple of 4096, in KiB of 4.
 */
function unitByValues(place: string, columns: readonly Column[], lowest: number, highest: number): number {
  const mostBytes = Math.min(MOST_MEMORY_BYTES, totalmem())
  const areWhole = columns.every(({ values }) => values.areWhole)
  if (!Number.isFinite(highest) || highest * MIB <= mostBytes) return MIB
  if (!areWhole && highest * MIB <= MOST_MEMORY_BYTES) return MIB
  const numbers = columns.flatMap(({ values }) => [...values.distinct.keys()].map(Number).filter(Number.isFinite))
  const isMultiple = (of: number) => numbers.length >= 8 && numbers.every((number) => number % of === 0)
  const typical = lowest > 0 ? lowest : highest
  const isLikely = (factor: number) => highest * factor <= mostBytes && typical * factor >= LEAST_PROCESS_BYTES
  const likely = [1024, 1].filter(isLikely)
  if (likely.length === 1) return likely[0]!
  if (likely.length === 2 && isMultiple(4096)) return 1
  if (likely.length === 2 && isMultiple(4)) return 1024
  throw new UsageError(
    `${place}: the column "${columns[0]!.name}" names no unit, and its values up to ${highest} ${likely.length === 2 ? 'can be KiB as well as bytes' : 'are those of no process on this machine in MiB, KiB or bytes'}`,
    { fix: `Say what it counts: ${UNITS}` },
  )
}

/**
 * Rejects a column such as `memory` that stays between 0 and 100, since it may hold percentages as
 * psutil's `memory_percent` does; `rss` cannot.
 */
function assertNoPercentages(place: string, columns: readonly Column[], highest: number): void {
  const [first] = columns as [Column]
  const isVague = /mem|ram|usage|used/i.test(first.name) && !/rss|resident|real|heap/i.test(first.name)
  const rows = Math.min(...columns.map(({ values }) => values.counts.number))
  if (!isVague || highest > 100 || rows < 8) return
  throw new UsageError(
    `${place}: the column "${first.name}" names no unit and holds at most ${highest}, which may be MiB, GiB or a percentage`,
    { fix: 'Say what it counts: --unit MiB, or --unit GiB. A percentage is no amount of memory.' },
  )
}

function sizeReader({ values }: Column, perUnit: number): MemoryColumn['read'] {
  return (cell) => {
    if (isMissing(cell)) return null
    if (isPercent(cell)) return undefined
    const parts = sizeParts(cell)
    const factor = parts?.bytesPerUnit ?? perUnit
    const number = plainNumber(parts?.number ?? cell, values.style)
    if (number === undefined || number.startsWith('-')) return undefined
    const isPlainMib = factor === MIB && PLAIN_NUMBER.test(number) && !/[e+]/i.test(number)
    const bytes = isPlainMib ? bytesOfDecimalMib(number) : Math.round(Number(number) * factor)
    // A running process always has memory, so a zero stands for a reading that failed, as in
    // mprof's files.
    return bytes === 0 ? null : bytes
  }
}
