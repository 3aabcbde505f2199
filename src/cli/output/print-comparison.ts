import { relative } from 'node:path'
import pc from 'picocolors'
import type { FinishedComparison } from '../../comparison/run/compare-options.js'
import type { HeapTrial } from '../../comparison/run/heap-trials-file.js'
import type { ReportModel } from '../../report/html/report-model.js'
import type { TableOptions } from '../../report/terminal/terminal-table.js'
import { printableLine } from '../../shared/printable.js'
import { count, shellWord } from '../../shared/text.js'
import { heapDiffText } from './heap-diff-text.js'
import { writeStyled } from './terminal.js'
import { terminalStyle } from './terminal-style.js'

/** A comparison and its report. */
export interface ReportedComparison {
  folder: string
  /** Path of report.html. */
  page: string
  view: ReportModel
  /** What grew, setting by setting; with --heap-diff only. */
  heapDiff?: HeapTrial[]
}

/**
 * Writes the report. Its code is loaded only now: figures take a while to load, and no trial should
 * wait for it.
 */
export async function reportComparison({ folder, comparison }: FinishedComparison): Promise<ReportedComparison> {
  const { writeReport } = await import('../../report/html/write-report.js')
  return { folder, ...writeReport(comparison, folder) }
}

/**
 * Prints the answer, with `details` also all tables, warnings and sentences; then where to look
 * further.
 */
export async function printComparison(
  { folder, page, view, heapDiff = [] }: ReportedComparison,
  { details = false }: { details?: boolean } = {},
): Promise<void> {
  const { terminalAnswer } = await import('../../report/terminal/answer.js')
  writeStyled(process.stdout, `${terminalAnswer(view, terminalStyle(process.stdout)).join('\n')}\n`)
  if (details) {
    const { terminalSummary } = await import('../../report/terminal/terminal-table.js')
    writeStyled(process.stdout, `\n${terminalSummary(view, tableOptions())}\n`)
  }
  for (const { setting, processes } of heapDiff)
    for (const growth of processes) process.stdout.write(`\n${printableLine(setting)}: ${heapDiffText(growth)}\n\n`)
  process.stdout.write(`  Report: ${page}\n${details ? '' : `  ${program()} show ${shellWord(folder)} --details\n`}`)
}

/** Returns how the program is called. After `npm start` it is not on the path. */
function program(): string {
  return process.env.npm_lifecycle_event === 'start' ? 'npx tidemark' : 'tidemark'
}

/**
 * Writes index.html of several comparisons into their folder, so that it is there from the first
 * one on.
 *
 * @param planned comparisons that are to run in all
 * @returns the path of the page
 */
export async function reportIndex(
  folder: string,
  reported: readonly ReportedComparison[],
  planned: number,
): Promise<string> {
  const { writeIndex } = await import('../../report/html/index-html.js')
  const entries = reported.map((one) => ({ folder: relative(folder, one.folder), view: one.view }))
  return writeIndex(entries, folder, planned)
}

/**
 * Writes index.html and overview.md of several comparisons into their folder, and prints a row for
 * each; with `details` the table of all settings.
 */
export async function reportOverview(
  folder: string,
  reported: readonly ReportedComparison[],
  { isJson, details, planned }: { isJson: boolean; details: boolean; planned: number },
): Promise<void> {
  const { overviewAnswer, overviewTable, writeOverview } = await import('../../report/terminal/overview.js')
  const { terminalTable } = await import('../../report/terminal/terminal-table.js')
  const views = reported.map(({ view }) => view)
  const table = overviewTable(views)
  const file = writeOverview(table, folder)
  const page = await reportIndex(folder, reported, planned)
  if (isJson) return
  const style = terminalStyle(process.stdout)
  const lines = details ? [terminalTable(table, tableOptions()), ''] : overviewAnswer(views, style)
  writeStyled(process.stdout, `\n${count(reported.length, 'comparison')}\n\n${lines.join('\n')}\n`)
  process.stdout.write(`  Index: ${page}\n  Table: ${file}\n`)
}

function tableOptions(): TableOptions {
  const isTerminal = process.stdout.isTTY === true
  return {
    isTerminal,
    hasColor: isTerminal && pc.isColorSupported,
    ...(isTerminal ? { width: process.stdout.columns } : {}),
  }
}

/**
 * Prints one object for one comparison, an array for a suite, even where only one of its
 * comparisons ran.
 */
export function printJson(reported: readonly ReportedComparison[], { isSuite }: { isSuite: boolean }): void {
  const results = reported.map(({ folder, page, view, heapDiff }) => ({
    folder,
    report: page,
    choice: view.choice,
    settings: view.summaries,
    verdicts: view.verdicts,
    differences: view.differences,
    comparison: view.comparison,
    ...(heapDiff && { heapDiff }),
  }))
  process.stdout.write(`${JSON.stringify(isSuite ? results : results[0], null, 2)}\n`)
}
