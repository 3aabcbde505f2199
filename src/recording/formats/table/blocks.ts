import { kindOfCell } from './columns/column-values.js'

/** Lines that top prints above its table, and averages that pidstat and sar print below theirs. */
const BETWEEN_BLOCKS =
  /^(?:top - |(?:Tasks|Threads):|%?Cpu(?:\(s\)|\d+)|(?:[KMGT]iB|KB)?\s*(?:Mem|Swap)\s*:\s*[\d.,]+\S*\s+total|(?:Average|Durchschn\.|Moyenne|Media)\s*:)/

/** Returns true if a line stands between the rows of a table but is not a row. */
export function isBetweenBlocks(cells: readonly string[], isWide: boolean): boolean {
  return BETWEEN_BLOCKS.test(textOf(cells)) || momentOf(cells, isWide) !== undefined
}

/**
 * Returns the time of the rows below, if the line holds nothing else: a date, Unix seconds, or the
 * first line of top.
 *
 * @param isWide true if rows have several cells, so that a lone number cannot be a row
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
