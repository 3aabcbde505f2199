import { existsSync, writeFileSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import type { RecordingFigureData, RecordingFigureOptions } from '../../report/figures/recording.js'
import { messageOf, UsageError } from '../../shared/errors.js'

const KINDS = ['.svg', '.png', '.html']

/**
 * Checks the file before anything is read or drawn.
 *
 * @throws UsageError for a name with an unknown extension, and for an existing file
 */
export function assertPlotFile(file: string, isForced: boolean): void {
  const kind = extname(file).toLowerCase()
  if (!KINDS.includes(kind))
    throw new UsageError(`--out: found "${file}", expected a name that ends in ${KINDS.join(', ')}`, {
      fix: 'For example: -o plot.svg',
    })
  if (!existsSync(dirname(file)))
    throw new UsageError(`cannot write ${file}: there is no folder ${dirname(file)}`, {
      fix: 'Make it first, or name a file in a folder that exists.',
    })
  if (existsSync(file) && !isForced)
    throw new UsageError(`${file} is already there`, { fix: 'Name another file, or replace it with --force.' })
}

/**
 * Draws into a file of the kind that its extension names. The drawing code is loaded only here,
 * since a chart does not need it.
 */
export async function writePlot(
  file: string,
  data: RecordingFigureData,
  options: RecordingFigureOptions & { title: string },
): Promise<void> {
  const content = await drawn(extname(file).toLowerCase(), data, options)
  try {
    writeFileSync(file, content)
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${messageOf(error)}`, {
      fix: 'Name a file in a folder that exists and can be written to: -o FILE',
      cause: error,
    })
  }
}

async function drawn(
  kind: string,
  data: RecordingFigureData,
  options: RecordingFigureOptions & { title: string },
): Promise<string | Buffer> {
  if (kind === '.html') {
    const { recordingHtml } = await import('../../report/html/recording-html.js')
    return recordingHtml(data, options)
  }
  const [{ recordingFigure }, { svgOf }] = await Promise.all([
    import('../../report/figures/recording.js'),
    import('../../report/figures/parts/svg.js'),
  ])
  const svg = svgOf(recordingFigure(data, options))
  if (kind === '.svg') return svg
  const { pngOf } = await import('../../report/png.js')
  return pngOf(svg)
}
