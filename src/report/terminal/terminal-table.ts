import Table from 'cli-table3'
import pc from 'picocolors'
import { printable, printableLine } from '../../shared/printable.js'
import type { ReportModel } from '../html/report-model.js'
import { warningsOf } from '../prose/provenance.js'
import { wordsOf } from '../prose/words.js'
import { DEFAULT_WIDTH, wrapWords } from './layout.js'
import { shortLabels } from './short-labels.js'
import { changeTable, measuredTable, type SummaryTable } from './summary-table.js'

export interface TableOptions {
  /**
   * Whether the output is a terminal. Tables then have lines of box-drawing characters above and
   * below, and columns that exceed the width go into further blocks.
   */
  isTerminal: boolean
  hasColor: boolean
  /** Width of the terminal in characters. */
  width?: number
}

/** Returns the tables of a comparison, for a terminal or plain for a log. */
export function terminalTables(view: ReportModel, options: TableOptions): string {
  const tables = [measuredTable(view), changeTable(view)].filter((table) => table !== undefined)
  return tables.map((table) => terminalTable(table, options)).join('\n\n')
}

/** Returns the tables, then the warnings about them, then the findings in words. */
export function terminalSummary(view: ReportModel, options: TableOptions): string {
  const colors = pc.createColors(options.hasColor)
  const { settings, changes, choice } = wordsOf(view)
  const wrapped = (text: string) =>
    options.isTerminal ? wrapWords(text, options.width ?? DEFAULT_WIDTH).join('\n') : text
  const warnings = warningsOf(view.comparison).map((warning) =>
    wrapped(`${colors.yellow('warning:')} ${printable(warning)}`),
  )
  const seen = settings.map(({ label, sentences }) =>
    wrapped(`${colors.bold(printableLine(label))}: ${printable(sentences.join(' '))}`),
  )
  const said = [changes.map((change) => wrapped(printable(change))).join('\n'), wrapped(printable(choice))]
  const blocks = [terminalTables(view, options), warnings.join('\n'), seen.join('\n'), ...said]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

export function terminalTable(given: SummaryTable, options: TableOptions): string {
  const colors = pc.createColors(options.hasColor)
  const width = options.isTerminal ? (options.width ?? DEFAULT_WIDTH) : Number.POSITIVE_INFINITY
  const { labels, key } = shortLabels(
    given.rows.map(({ label }) => printableLine(label)),
    Math.max(16, Math.floor(width / 2)),
  )
  const table = { ...given, rows: given.rows.map((row, i) => ({ ...row, label: labels[i]! })) }
  const blocks = columnBlocks(table, width).map((columns) => drawBlock(table, columns, options))
  const notes = [table.note, ...key].flatMap((note) => (options.isTerminal ? wrapWords(note, width) : [note]))
  return `${colors.bold(printableLine(table.title))}\n${blocks.join('\n')}\n${notes.map(colors.dim).join('\n')}`
}

/**
 * Groups column numbers, without the first, into blocks that fit beside the setting; each block has
 * at least one column.
 */
function columnBlocks(table: SummaryTable, width: number): number[][] {
  const padding = 3
  const labels = Math.max(...table.rows.map(({ label }) => label.length), table.columns[0]!.name.length) + padding
  const blocks: number[][] = []
  let left = 0
  for (let column = 1; column < table.columns.length; column++) {
    const { name, unit } = table.columns[column]!
    const cells = table.rows.flatMap(({ cells }) => [cells[column - 1]!.value, cells[column - 1]!.range])
    const own = Math.max(...[name, unit, ...cells].map((text) => text.length)) + padding
    if (blocks.length === 0 || left + own > width) {
      blocks.push([])
      left = labels
    }
    blocks.at(-1)!.push(column)
    left += own
  }
  return blocks
}

function drawBlock({ columns, rows }: SummaryTable, chosen: number[], { isTerminal, hasColor }: TableOptions): string {
  const colors = pc.createColors(hasColor)
  const drawn = new Table({
    head: [0, ...chosen].map((column) => {
      const { name, unit } = columns[column]!
      return colors.bold(unit === '' ? name : `${name}\n${unit}`)
    }),
    colAligns: ['left', ...chosen.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: isTerminal ? FEW_LINES : NO_LINES,
  })
  for (const { label, cells } of rows) {
    const own = chosen.map((column) => cells[column - 1]!)
    const hasRange = own.some(({ range }) => range !== '')
    drawn.push([label, ...own.map(({ value, range }) => (hasRange ? `${value}\n${colors.dim(range)}` : value))])
  }
  return withoutTrailingSpaces(drawn.toString())
}

function withoutTrailingSpaces(text: string): string {
  return text.replaceAll(/ +$/gm, '')
}

/**
 * Table style without sides and lines between columns, which would add nothing to the columns
 * themselves.
 */
const SIDES = {
  left: '',
  right: '',
  'left-mid': '',
  'right-mid': '',
  'top-left': '',
  'top-right': '',
  'bottom-left': '',
  'bottom-right': '',
}
const FEW_LINES = { ...SIDES, middle: '', 'mid-mid': '', 'top-mid': '', 'bottom-mid': '' }
const NO_LINES = { ...FEW_LINES, top: '', mid: '', bottom: '' }
