import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readComparison } from '../../comparison/run/comparison-folder.js'
import { openRecording } from '../../recording/formats/open-recording.js'
import { writePlot } from '../output/plot-file.js'
import { type ReportedComparison, reportComparison } from '../output/print-comparison.js'

/**
 * Reads a comparison from its folder and judges it. The report is written only where there is none
 * yet.
 *
 * @throws UsageError when the folder holds no comparison of this format
 */
export async function rereadComparison(folder: string): Promise<ReportedComparison> {
  const comparison = readComparison(folder)
  const page = join(folder, 'report.html')
  if (!existsSync(page) && comparison.trials.length > 0) return reportComparison({ folder, comparison })
  const { reportModel } = await import('../../report/html/report-model.js')
  // Recordings are needed for figures alone.
  return { folder, page, view: reportModel(comparison, () => undefined) }
}

/**
 * Draws a recording as a page into its folder.
 *
 * @returns the path of the page
 */
export async function pageOfRecording(folder: string): Promise<string> {
  const [{ drawnRecording }, { recordingFigureData }] = await Promise.all([
    import('../../report/html/drawn-recording.js'),
    import('../../report/html/recording-figure-data.js'),
  ])
  const drawn = drawnRecording(openRecording(folder))
  const page = join(folder, 'plot.html')
  const data = recordingFigureData([drawn], { hasSlope: false, hasFunctions: true })
  await writePlot(page, data, { title: drawn.command ?? drawn.name })
  return page
}
