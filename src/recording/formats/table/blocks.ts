import { kindOfCell } from './columns/column-values.js'

/** The lines that top prints above its table, and the averages that pidstat and sar print below theirs. */
const BETWEEN_BLOCKS =
  /^(?:top - |(?:Tasks|Threads):|%?Cpu(?:\(s\)|\d+)|(?:[KMGT]iB|KB)?\s*(?:Mem|Swap)\s*:\s*[\d.,]+\S*\s+total|(?:Average|Durchschn\.|Moyenne|Media)\s*:)/

/** Whether a line belongs to no row of the table, though it stands between its rows. */
export function isBetweenBlocks(cells: readonly string[], isWide: boolean): boolean {
  return BETWEEN_BLOCKS.test(textOf(cells)) || momentOf(cells, isWide) !== undefined
}

/**
 * The moment that a line tells of the rows below it, where it tells nothing else: a date, Unix seconds, or the first line of top.
 *
 * @param isWide whether rows have several cells, so that a number alone is none of them
 */
export function momentOf(cells: readonly string[], isWide: boolean): string | undefined {
  const text = textOf(cells)
  const [, ofTop] = /^top - (\d{1,2}:\d{2}:\d{2}) up /.exec(text) ?? []
  if (ofTop !== undefined) return ofTop
  const bare = text.replaceAll(/^[\s=#*-]+|[\s=#*:-]+$/g, '')
  if (isWide && /^[12]\d{9}(?:\.\d+)?$/.test(bare)) return bare
  return bare.includes(':') && kindOfCell(bare) === 'date' ? bare : undefined
}

function textOf(cells: readonly string[]): string {
  return cells.join(' ').trim()
}
