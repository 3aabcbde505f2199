/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * Makes the table of settings sort by its headings and open its rows. Without the script all rows
 * are open.
 */
export function settingsTable(): void {
  const table = document.querySelector<HTMLTableElement>('#settings-table')
  if (table === null) return
  for (const opener of table.querySelectorAll<HTMLButtonElement>('tbody button')) {
    open(opener, false)
    opener.addEventListener('click', () => open(opener, opener.getAttribute('aria-expanded') !== 'true'))
  }
  const heads = [...table.tHead!.rows[0]!.cells]
  for (const [column, head] of heads.entries())
    head.querySelector('button')?.addEventListener('click', () => sort(table, heads, column))
}

function open(opener: HTMLButtonElement, isOpen: boolean): void {
  opener.setAttribute('aria-expanded', String(isOpen))
  const row = document.getElementById(opener.getAttribute('aria-controls') ?? '')
  if (row !== null) row.hidden = !isOpen
}

/** Sorts the rows by a column. Cells without a value stay last in either direction. */
function sort(table: HTMLTableElement, heads: HTMLTableCellElement[], column: number): void {
  const isDown = heads[column]!.getAttribute('aria-sort') === 'ascending'
  for (const head of heads) head.removeAttribute('aria-sort')
  heads[column]!.setAttribute('aria-sort', isDown ? 'descending' : 'ascending')
  const keyOf = (body: HTMLTableSectionElement) => body.rows[0]!.cells[column]!.dataset.key ?? ''
  const sorted = [...table.tBodies].sort((a, b) => {
    const [first, second] = [keyOf(a), keyOf(b)]
    if (first === '' || second === '') return Number(first === '') - Number(second === '')
    const order = compare(first, second)
    return isDown ? -order : order
  })
  table.append(...sorted)
}

function compare(a: string, b: string): number {
  const [first, second] = [Number(a), Number(b)]
  return Number.isNaN(first) || Number.isNaN(second) ? (a < b ? -1 : a > b ? 1 : 0) : first - second
}
