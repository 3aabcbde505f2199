import { formatPercent, mib } from '../../shared/units.js'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import type { FactDifference } from './fact-differences.js'
import { inWords } from './provenance.js'

/** One quantity on both sides, ready to print. */
export interface DiffRow {
  name: string
  before: string
  after: string
  /** The difference with its interval and decision; empty where there is none. */
  change: string
}

/** Lays out rows in columns: ` peak MiB 105.4 78.9 -26.5 (95 %: -31.6 to -17.7), lower by 25 %`. */
export function diffTable(rows: readonly DiffRow[]): string[] {
  const all: DiffRow[] = [{ name: '', before: 'before', after: 'after', change: 'change' }, ...rows]
  const width = (of: (row: DiffRow) => string) => Math.max(...all.map((row) => of(row).length))
  const [names, befores, afters] = [
    width(({ name }) => name),
    width(({ before }) => before),
    width(({ after }) => after),
  ]
  return all.map(({ name, before, after, change }) =>
    `  ${name.padEnd(names)}  ${before.padStart(befores)}  ${after.padStart(afters)}  ${change}`.trimEnd(),
  )
}

/**
 * Describes the change between two sets of trials: its size, its interval, and whether it was
 * decided.
 */
export function changeText(difference: Difference | null, format: (value: number) => string): string {
  if (difference === null) return ''
  const { change, share, interval, decision } = difference
  const signed = (value: number) => (value > 0 ? `+${format(value)}` : format(value))
  if (interval === null) return `${signed(change)}, may be chance: four trials on each side show it`
  const range = `${signed(change)} (95 %: ${signed(interval.low)} to ${signed(interval.high)})`
  if (decision === 'equivalent') return `${range}, the same`
  if (decision === 'undecided' || decision === 'too few trials') return `${range}, undecided`
  return `${range}, ${decision}${share === null ? '' : ` by ${formatPercent(Math.abs(share)).replace('+', '')}`}`
}

/** Describes the difference of two single runs. */
export function plainChange(before: number | null, after: number | null): string {
  if (before === null || after === null) return ''
  const change = after - before
  const share = before > 0 ? ` (${formatPercent(change / before)})` : ''
  return `${change > 0 ? '+' : ''}${mib(change)}${share}`
}

/** Returns one line per fact, or a single line that says that no fact differs. */
export function factLines(differences: readonly FactDifference[]): string[] {
  if (differences.length === 0) return ['Machine and versions: the same on both sides.']
  const rows = differences.map(
    ({ fact, before, after }): DiffRow => ({ name: inWords(fact), before, after, change: '' }),
  )
  return ['What else differs:', ...diffTable(rows).map((line) => line.replace(/ +change$/, ''))]
}
