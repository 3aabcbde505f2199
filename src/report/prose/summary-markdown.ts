import { printable } from '../../shared/printable.js'
import type { ReportModel } from '../html/report-model.js'
import { changeTable, measuredTable, type SummaryTable } from '../terminal/summary-table.js'
import { escapeMarkdown } from './escape-markdown.js'
import { jobFacts, machineFacts, warningsOf } from './provenance.js'
import { reproduceCommand } from './reproduce.js'
import { wordsOf } from './words.js'

/** Returns `summary.md`, short enough for the description of a pull request. */
export function summaryMarkdown(view: ReportModel): string {
  const { comparison } = view
  const warnings = warningsOf(comparison)
  const words = wordsOf(view)
  const tables = [measuredTable(view), changeTable(view)].filter((table) => table !== undefined)
  const blocks = [
    `# Memory of ${escapeMarkdown(comparison.name)}`,
    ...(warnings.length > 0
      ? [warnings.map((warning) => `> **Warning:** ${escapeMarkdown(warning)}`).join('\n>\n')]
      : []),
    ...tables.map(markdownTable),
    '## What was seen',
    list(
      words.settings.map(
        ({ label, sentences }) => `**${escapeMarkdown(label)}** ${escapeMarkdown(sentences.join(' '))}`,
      ),
    ),
    list(words.changes.map(escapeMarkdown)),
    escapeMarkdown(words.choice),
    '## How it was measured',
    list(
      [...jobFacts(comparison), ...machineFacts(comparison)].map(
        ([name, value]) => `${escapeMarkdown(name)}: ${escapeMarkdown(value)}`,
      ),
    ),
    ['```sh', printable(reproduceCommand(comparison, view.folder)).replaceAll('`', "'"), '```'].join('\n'),
  ]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

export function markdownTable({ title, note, columns, rows }: SummaryTable): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    `### ${escapeMarkdown(title)}`,
    '',
    row(columns.map(({ name, unit }) => escapeMarkdown(unit === '' ? name : `${name} (${unit})`))),
    row(columns.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map(({ label, cells }) =>
      row([
        escapeMarkdown(label),
        ...cells.map(({ value, range }) => escapeMarkdown(range === '' ? value : `${value} (${range})`)),
      ]),
    ),
    '',
    escapeMarkdown(note),
  ].join('\n')
}

function list(items: string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}
