import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import type { ReportModel } from '../html/report-model.js'
import { markdownTable } from '../prose/summary-markdown.js'
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
            { value: analysis?.shape ?? 'n/a', range: '' },
            { value: expectation?.state ?? '', range: '' },
          ],
        }
      }),
    ),
  }
}

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
