import { suggestWord } from '../../../../shared/did-you-mean.js'
import { UsageError } from '../../../../shared/errors.js'
import type { Row, Table } from '../rows.js'
import { type ColumnMeaning, columnMeaning } from './column-names.js'
import { type ColumnValues, columnValues } from './column-values.js'

/** A column of a table: its position, and what its name and its first values say. */
export interface Column {
  index: number
  name: string
  meaning: ColumnMeaning
  values: ColumnValues
}

/** Describes the columns of a table. A column without a name goes by its position: `column 2`. */
export function columnsOf({ header }: Table, rows: readonly Row[]): Column[] {
  const width = header?.length ?? rows[0]?.cells.length ?? 0
  const isOfProc = isFromProc(header ?? [])
  return Array.from({ length: width }, (_, index) => {
    const given = header?.[index] ?? ''
    const name = given === '' ? `column ${index + 1}` : given
    const values = columnValues(rows.map(({ cells }) => cells[index] ?? ''))
    const meaning = meaningOf(given, values)
    const isInKib = isOfProc && meaning.kind === 'memory' && meaning.perUnit === undefined && values.areWhole
    return { index, name, meaning: isInKib ? { ...meaning, perUnit: 1024 } : meaning, values }
  })
}

/**
 * Returns true for output of ps, pidstat and top, which write KiB without a unit. The columns next
 * to the memory identify them.
 */
function isFromProc(header: readonly string[]): boolean {
  return (
    (header.includes('RSS') && ['PID', 'VSZ', '%MEM'].some((name) => header.includes(name))) ||
    (header.includes('RES') && header.includes('VIRT'))
  )
}

/**
 * Returns the meaning of a column. Values outweigh names: a column of percentages does not hold
 * amounts of memory, whatever its name is.
 */
function meaningOf(name: string, values: ColumnValues): ColumnMeaning {
  if (values.kind === 'percent') return { kind: 'percent', rank: 0, rest: '' }
  if (name === '') return { kind: 'unknown', rank: 0, rest: '' }
  // pandas gives this name to a column without one.
  if (/^Unnamed: \d+$/.test(name)) return { kind: 'unknown', rank: 0, rest: '' }
  return columnMeaning(name)
}

/**
 * Finds the column that an option names: by its name in any case, or by its number if the table has
 * no names.
 */
export function columnNamed(place: string, columns: readonly Column[], asked: string, flag: string): Column {
  const exact = columns.find(({ name }) => name === asked)
  const found =
    exact ??
    columns.find(({ name }) => name.toLowerCase() === asked.trim().toLowerCase()) ??
    (/^\d+$/.test(asked)
      ? columns.find(({ name, index }) => name === `column ${index + 1}` && index + 1 === Number(asked))
      : undefined)
  if (found !== undefined) return found
  throw new UsageError(`${place}: found ${list(columns)}, expected a column "${asked}", as ${flag} asks`, {
    fix: suggestWord(
      asked,
      columns.map(({ name }) => name),
    ),
  })
}

export function list(columns: readonly { name: string }[]): string {
  if (columns.length === 0) return 'no other column'
  const names = columns.slice(0, MOST_NAMED).map(({ name }) => `"${name}"`)
  const more = columns.length > MOST_NAMED ? ` and ${columns.length - MOST_NAMED} more` : ''
  return `the column${columns.length === 1 ? '' : 's'} ${names.join(', ')}${more}`
}

const MOST_NAMED = 20
