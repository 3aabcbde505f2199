import pc from 'picocolors'
import type { FinishedComparison } from '../experiment/compare.js'
import type { ReportView } from '../report/view.js'

/** A comparison and its report. */
export interface ReportedComparison {
  folder: string
  /** The path of report.html. */
  page: string
  view: ReportView
}

/** Writes the report. Its code is loaded only now: figures take a while to load, and no trial should wait for it. */
export async function reportComparison({ folder, comparison }: FinishedComparison): Promise<ReportedComparison> {
  const { writeReport } = await import('../report/write-report.js')
  return { folder, ...writeReport(comparison, folder) }
}

/** Tables, warnings, what was seen in words, and where to look further. */
export async function printComparison({ folder, page, view }: ReportedComparison): Promise<void> {
  const { terminalSummary } = await import('../report/table.js')
  const isTerminal = process.stdout.isTTY === true
  const summary = terminalSummary(view, {
    isTerminal,
    hasColor: isTerminal && pc.isColorSupported,
    ...(isTerminal ? { width: process.stdout.columns } : {}),
  })
  process.stdout.write(`${summary}\nReport: ${page}\nData:   ${folder}\n`)
}

/** One object for one comparison, an array for several. */
export function printJson(reported: readonly ReportedComparison[]): void {
  const results = reported.map(({ folder, page, view }) => ({
    folder,
    report: page,
    settings: view.summaries,
    verdicts: view.verdicts,
    differences: view.differences,
    comparison: view.comparison,
  }))
  process.stdout.write(`${JSON.stringify(results.length === 1 ? results[0] : results, null, 2)}\n`)
}
