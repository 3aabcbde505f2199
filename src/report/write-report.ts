import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TidemarkError } from '../errors.js'
import { FIGURES } from './figures/all.js'
import { svgOf } from './figures/svg.js'
import { reportHtml } from './html.js'
import { pngOf } from './png.js'
import { summaryMarkdown } from './summary-markdown.js'
import type { ReportView } from './view.js'

/** Writes report.html, summary.md and figures/ as SVG and PNG. Returns the path of the page. */
export function writeView(view: ReportView, folder: string): string {
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
    writeFileSync(page, reportHtml(view))
  } catch (error) {
    if (error instanceof TidemarkError) throw error
    throw new TidemarkError(`cannot write the report to ${folder}: ${messageOf(error)}`, {
      fix: 'What was measured is kept. Make room or rights there, then run the comparison again with --resume.',
      cause: error,
    })
  }
  return page
}
