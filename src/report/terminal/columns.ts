import pc from 'picocolors'
import stringWidth from 'string-width'
import { padColumns, type TerminalStyle } from './layout.js'

const GAP = '  '

/** A column: its heading, a cell per row, and its alignment. */
export interface Column {
  head: string
  cells: string[]
  align: 'left' | 'right'
  paint?: (text: string, row: number) => string
}

/** Returns the width of columns beside each other, with a gap after each. */
export function widthOfColumns(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + widthOf(column) + GAP.length, 0)
}

/** Draws columns beside each other: a line of headings, and a line per row. */
export function drawColumns(columns: readonly Column[], { hasColor }: Pick<TerminalStyle, 'hasColor'>): string[] {
  const colors = pc.createColors(hasColor)
  const rows = columns[0]?.cells.length ?? 0
  const line = (row: number) => {
    const texts = columns.map(({ head, cells }) => (row < 0 ? head : cells[row]!))
    // Blanks at the end of a line would stand within its colours, where trimming finds none.
    const last = texts.findLastIndex((text) => text.trim() !== '')
    return columns
      .slice(0, last + 1)
      .map((column, place) => {
        const isLast = place === last && column.align === 'left'
        const padded = isLast ? texts[place]!.trimEnd() : padColumns(texts[place]!, widthOf(column), column.align)
        if (row < 0) return colors.dim(padded)
        return column.paint === undefined ? padded : column.paint(padded, row)
      })
      .join(GAP)
  }
  return Array.from({ length: rows + 1 }, (_, i) => line(i - 1))
}

function widthOf({ head, cells }: Column): number {
  return Math.max(...[head, ...cells].map((text) => stringWidth(text)))
}
