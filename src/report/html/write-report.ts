import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readHeapTrials } from '../../comparison/run/heap-trials-file.js'
import type { Recording } from '../../recording/recording.js'
import { readRecording } from '../../recording/storage/read-recording.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import { replaceFile } from '../../shared/atomic-write.js'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { FIGURES } from '../figures/all.js'
import { heapFlameGraph } from '../figures/heap-flame-graph.js'
import { svgOf } from '../figures/parts/svg.js'
import { pngOf } from '../png.js'
import { summaryMarkdown } from '../prose/summary-markdown.js'
import { type HeapFigure, reportHtml } from './html.js'
import { type ReportModel, reportModel } from './report-model.js'

/** The written report, for callers that print it: the path of its page, and its model. */
export interface WrittenReport {
  page: string
  view: ReportModel
}

/**
 * Writes report.html, summary.md and figures/ (SVG and PNG) into the folder of a comparison. A
 * comparison that was stopped gets a report of what there is, and a trial whose recording cannot be
 * read is named in it.
 *
 * @throws TidemarkError when the folder cannot be written
 */
export function writeReport(comparison: Comparison, folder: string): WrittenReport {
  const view = modelOf(comparison, folder)
  return { page: writeView(view, folder), view }
}

/** Writes the page alone, atomically, for a comparison that is still running. */
export function writePage(comparison: Comparison, folder: string, page: string): void {
  replaceFile(page, reportHtml(modelOf(comparison, folder)))
}

function modelOf(comparison: Comparison, folder: string): ReportModel {
  const lost: string[] = []
  const recordingOf = (trial: TrialResult): Recording | undefined => {
    try {
      return readRecording(join(folder, trial.folder))
    } catch (error) {
      // The round records are in the comparison; only the lines between them are lost.
      lost.push(`The recording of trial ${trial.trial} of ${trial.setting} cannot be read: ${messageOf(error)}`)
      return undefined
    }
  }
  const view = reportModel(comparison, recordingOf)
  return { ...view, folder, comparison: { ...comparison, warnings: [...comparison.warnings, ...lost] } }
}

/**
 * Returns what grew in trials with `--heap-diff` as flame graphs, and writes these beside the other
 * figures.
 */
function heapFigures(folder: string): HeapFigure[] {
  return readHeapTrials(folder).flatMap(({ setting, processes }, index) => {
    if (processes.every(({ lines }) => lines.length === 0)) return []
    const svg = heapFlameGraph(processes)
    const name = `heap-growth-${index + 1}`
    writeFileSync(join(folder, 'figures', `${name}.svg`), svg)
    writeFileSync(join(folder, 'figures', `${name}.png`), pngOf(svg))
    return [{ setting, svg }]
  })
}

/**
 * Writes the same from a model.
 *
 * @returns the path of the page
 */
export function writeView(view: ReportModel, folder: string): string {
  const page = join(folder, 'report.html')
  try {
    mkdirSync(join(folder, 'figures'), { recursive: true })
    for (const { name, draw, hasData } of FIGURES) {
      if (!hasData(view.data)) continue
      const svg = svgOf(draw(view.data))
      writeFileSync(join(folder, 'figures', `${name}.svg`), svg)
      writeFileSync(join(folder, 'figures', `${name}.png`), pngOf(svg))
    }
    writeFileSync(join(folder, 'summary.md'), summaryMarkdown(view))
    replaceFile(page, reportHtml(view, heapFigures(folder)))
  } catch (error) {
    if (error instanceof TidemarkError) throw error
    throw new TidemarkError(`cannot write the report to ${folder}: ${messageOf(error)}`, {
      fix: 'What was measured is kept. Make room or rights there, then run the comparison again with --resume.',
      cause: error,
    })
  }
  return page
}
