import { printable } from '../../shared/printable.js'
import type { Cell, ExportTable } from './tables.js'

/** CSV as in RFC 4180, with a head; what was not measured is empty. In pieces, so that no size is too large. */
export function* csvOf({ columns, rows }: ExportTable): Generator<string> {
  yield `${columns.map(({ name }) => cell(name)).join(',')}\r\n`
  for (const row of rows()) yield `${row.map(cell).join(',')}\r\n`
}

function cell(value: Cell): string {
  if (value === null) return ''
  const text = typeof value === 'string' ? asText(value) : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A spreadsheet takes a text that begins so for a formula; the apostrophe says that it is none. */
function asText(value: string): string {
  const text = printable(value)
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}
