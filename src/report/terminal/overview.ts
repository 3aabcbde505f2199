import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { printableLine } from '../../shared/printable.js'
import type { ReportModel } from '../html/report-model.js'
import { verdictWord } from '../prose/behaviour.js'
import { shortMib, shortPercent } from '../prose/short-size.js'
import { markdownTable } from '../prose/summary-markdown.js'
import { settingLine } from '../setting-line.js'
import { type Column, drawColumns, widthOfColumns } from './columns.js'
import { cutColumns, LEAST_WIDTH, type TerminalStyle, toAscii } from './layout.js'
import { measuredTable, type SummaryTable } from './summary-table.js'

/** Columns of the single tables that are shown side by side for comparisons of several jobs. */
const COLUMNS = ['peak MiB', 'peak M', 'floor MiB', 'round s']

/** Returns several comparisons in one table, a row for each setting of each. */
export function overviewTable(views: readonly ReportModel[]): SummaryTable {
  const tables = views.map((view) => ({ view, table: measuredTable(view) }))
  const columnOf = (table: SummaryTable, wanted: string) =>
    table.columns.findIndex(({ name, unit }) => `${name} ${unit}` === wanted)
  const [{ table: first }] = tables as [(typeof tables)[number]]
  const measured = COLUMNS.map((wanted) => first.columns[columnOf(first, wanted)]!)
  return {
    title: 'All comparisons, by setting',
    note: 'Median of the trials, below it the lowest and the highest. Of a swarm: the peer that went highest. Shapes are those of end RSS.',
    columns: [{ name: 'setting', unit: '' }, ...measured, { name: 'shape', unit: '' }, { name: 'expected', unit: '' }],
    rows: tables.flatMap(({ view, table }) =>
      table.rows.map(({ label, cells }, index) => {
        const { analysis, expectation } = view.verdicts[index]!
        return {
          label: `${view.comparison.name} ${label}`,
          cells: [
            ...COLUMNS.map((wanted) => cells[columnOf(table, wanted) - 1]!),
            { value: verdictWord(analysis), range: '' },
            { value: expectation?.state ?? '', range: '' },
          ],
        }
      }),
    ),
  }
}

/**
 * Returns a row per comparison: what its first setting does, what to set, and what memory does
 * then.
 *
 * @returns lines, each at most as wide as the style says; all text from outside is escaped
 */
export function overviewAnswer(views: readonly ReportModel[], given: TerminalStyle): string[] {
  const style = { ...given, width: Math.max(LEAST_WIDTH, given.width) - INDENT.length }
  const rows = views.map(({ comparison, summaries, verdicts, choice, differences }) => {
    const chosen = summaries.findIndex(({ label }) => label === choice.label)
    const summary = summaries[chosen]
    const line = choice.label === null ? '' : settingLine(comparison, choice.label)
    const peak = differences.find(({ label }) => label === choice.label)?.peak
    const isLower = peak?.decision === 'lower' && peak.share !== null
    return {
      name: printableLine(comparison.name),
      before: verdictWord(verdicts[0]!.analysis),
      use: choice.label === null ? 'no choice yet' : line === '' ? 'as it is' : printableLine(line),
      after: chosen < 0 ? '' : verdictWord(verdicts[chosen]!.analysis),
      peak: summary?.peakBytes
        ? `${shortMib(summary.peakBytes.median)}${isLower ? ` (${shortPercent(peak.share!)})` : ''}`
        : '',
    }
  })
  const columns: Column[] = [
    { head: 'comparison', cells: rows.map(({ name }) => name), align: 'left' },
    {
      head: 'use',
      cells: rows.map(({ use }) => cutColumns(use, Math.floor(style.width / 2), style.isPlain)),
      align: 'left',
    },
    { head: 'without it', cells: rows.map(({ before }) => before), align: 'left' },
    { head: 'with it', cells: rows.map(({ after }) => after), align: 'left' },
    { head: 'peak MiB', cells: rows.map(({ peak }) => peak), align: 'left' },
  ]
  while (columns.length > 2 && widthOfColumns(columns) > style.width + 2) columns.pop()
  const lines = drawColumns(columns, style).map((line) => `${INDENT}${line}`)
  return style.isPlain ? lines.map(toAscii) : lines
}

const INDENT = '  '

/**
 * Writes the table into a folder.
 *
 * @throws TidemarkError when the folder cannot be written
 */
export function writeOverview(table: SummaryTable, folder: string): string {
  const file = join(folder, 'overview.md')
  try {
    writeFileSync(file, `${markdownTable(table)}\n`)
  } catch (error) {
    throw new TidemarkError(`cannot write ${file}: ${messageOf(error)}`, {
      fix: 'What was measured is kept, each comparison in its folder with its report.',
      cause: error,
    })
  }
  return file
}
