import { commaIn, isMissing, isPercent, type NumberStyle, plainNumber, sizeParts } from '../cells.js'
import { type DateOrder, ordersOf, parseClock, parseDate } from '../dates.js'

export type CellKind = 'empty' | 'number' | 'size' | 'percent' | 'date' | 'clock' | 'text'

/** What the values of a column look like, judged by the first rows. */
export interface ColumnValues {
  counts: Record<CellKind, number>
  /** Kind of most values; `empty` if the column has no values. */
  kind: CellKind
  /** Lowest of the numbers; infinite if there are none. */
  lowest: number
  highest: number
  areWhole: boolean
  /** True for numbers and dates that never fall from row to row. */
  isRising: boolean
  distinct: Map<string, number>
  style: NumberStyle
  /** True if commas may stand before decimals or between thousands. */
  isCommaUnclear: boolean
  dateOrder: DateOrder
}

export function kindOfCell(cell: string): CellKind {
  if (isMissing(cell)) return 'empty'
  if (parseDate(cell, 'day-first') !== undefined || parseDate(cell, 'month-first') !== undefined) return 'date'
  if (plainNumber(cell, { decimal: '.' }) !== undefined || plainNumber(cell, { decimal: ',' }) !== undefined)
    return 'number'
  if (isPercent(cell)) return 'percent'
  if (parseClock(cell, false) !== undefined) return 'clock'
  return sizeParts(cell) === undefined ? 'text' : 'size'
}

export function columnValues(cells: readonly string[]): ColumnValues {
  const kinds = cells.map(kindOfCell)
  const counts: ColumnValues['counts'] = { empty: 0, number: 0, size: 0, percent: 0, date: 0, clock: 0, text: 0 }
  for (const kind of kinds) counts[kind]++
  const commas = cells.map(commaIn)
  const has = (one: (typeof commas)[number]) => commas.includes(one)
  const style: NumberStyle = { decimal: has('decimal') ? ',' : '.' }
  const numbers = cells.flatMap((cell) => {
    const text = plainNumber(cell, style)
    return text === undefined ? [] : [Number(text)]
  })
  const dateOrder = dateOrderOf(cells)
  const positions = numbers.length > 0 ? numbers : cells.flatMap((cell) => parseDate(cell, dateOrder)?.ms ?? [])
  const distinct = new Map<string, number>()
  for (const cell of cells) if (!isMissing(cell)) distinct.set(cell, (distinct.get(cell) ?? 0) + 1)
  return {
    counts,
    kind: mostCommon(counts),
    lowest: numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    highest: numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    areWhole: numbers.every(Number.isInteger),
    isRising: positions.length > 1 && positions.every((value, i) => i === 0 || value >= positions[i - 1]!),
    distinct,
    style,
    isCommaUnclear: has('either') && !has('decimal') && !has('thousands'),
    dateOrder,
  }
}

function mostCommon(counts: ColumnValues['counts']): CellKind {
  const [most] = Object.entries(counts)
    .filter(([kind]) => kind !== 'empty')
    .sort((a, b) => b[1] - a[1])
  return most === undefined || most[1] === 0 ? 'empty' : (most[0] as CellKind)
}

/**
 * Returns the order that every cell allows. If both fit, it prefers the one in which time does not
 * go back, then the one with the shorter time span.
 */
function dateOrderOf(cells: readonly string[]): DateOrder {
  const allowed = cells.flatMap((cell) => {
    const orders = ordersOf(cell)
    return orders === undefined ? [] : [orders]
  })
  const orders = (['day-first', 'month-first'] as const).filter((order) => allowed.every((all) => all.includes(order)))
  if (orders.length < 2) return orders[0] ?? 'day-first'
  const spans = orders.map((order) => {
    const times = cells.flatMap((cell) => parseDate(cell, order)?.ms ?? [])
    const isRising = times.every((ms, i) => i === 0 || ms >= times[i - 1]!)
    const span = times.length === 0 ? 0 : Math.abs(times.at(-1)! - times[0]!)
    return isRising ? span : Number.POSITIVE_INFINITY
  })
  return spans[1]! < spans[0]! ? 'month-first' : 'day-first'
}
