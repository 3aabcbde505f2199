import { suggestWord } from '../../../../shared/did-you-mean.js'
import { UsageError } from '../../../../shared/errors.js'
import type { Row, Table } from '../rows.js'
import { type ColumnMeaning, columnMeaning } from './column-names.js'
import { type ColumnValues, columnValues } from './column-values.js'

/** A column of a table: where it stands, and what its name and its first values say. */
export interface Column {
  index: number
  name: string
  meaning: ColumnMeaning
  values: ColumnValues
}

/** A column without a name is told by its place: `column 2`. */
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

/** ps, pidstat and top write KiB, and no unit: they are known by the column beside it. */
function isFromProc(header: readonly string[]): boolean {
  return (
    (header.includes('RSS') && ['PID', 'VSZ', '%MEM'].some((name) => header.includes(name))) ||
    (header.includes('RES') && header.includes('VIRT'))
  )
}

/** Values beat names: a column of percentages is none of memory, whatever it is called. */
function meaningOf(name: string, values: ColumnValues): ColumnMeaning {
  if (values.kind === 'percent') return { kind: 'percent', rank: 0, rest: '' }
  if (name === '') return { kind: 'unknown', rank: 0, rest: '' }
  // pandas calls a column so that had no name.
  if (/^Unnamed: \d+$/.test(name)) return { kind: 'unknown', rank: 0, rest: '' }
  return columnMeaning(name)
}

/** The column that an option names: by its name in any case, or by its number where the table names none. */
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
