import { printable } from '../../shared/printable.js'
import type { Cell, ExportTable } from './tables.js'

/**
 * Yields CSV as in RFC 4180, with a header. Values that were not measured are empty. It comes in
 * pieces, so that no table is too large.
 */
export function* csvOf({ columns, rows }: ExportTable): Generator<string> {
  yield `${columns.map(({ name }) => cell(name)).join(',')}\r\n`
  for (const row of rows()) yield `${row.map(cell).join(',')}\r\n`
}

function cell(value: Cell): string {
  if (value === null) return ''
  const text = typeof value === 'string' ? asText(value) : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Marks a text that a spreadsheet would run as a formula with an apostrophe. */
function asText(value: string): string {
  const text = printable(value)
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}
