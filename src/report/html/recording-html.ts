import { downsample } from '../downsample.js'
import type { RecordingFigureData, RecordingFigureOptions } from '../figures/recording.js'
import { dataAndScript, escapeHtml, htmlPage } from './page-parts.js'

/** Data that the script of the page reads. */
export interface RecordingPageData {
  data: RecordingFigureData
  window?: RecordingFigureOptions['window']
}

/** Most points of all lines together, so that the page stays under 2 MB. */
const POINTS_IN_ALL = 60_000

/**
 * Returns recordings as one page that opens from disk without network: values under the pointer,
 * lines to switch off, zoom by dragging.
 */
export function recordingHtml(
  data: RecordingFigureData,
  { title, window }: RecordingFigureOptions & { title: string },
): string {
  const limit = Math.max(400, Math.floor(POINTS_IN_ALL / Math.max(1, data.series.length)))
  const page: RecordingPageData = {
    data: { ...data, series: data.series.map((series) => ({ ...series, points: downsample(series.points, limit) })) },
    ...(window === undefined ? {} : { window }),
  }
  return htmlPage({
    title: `${title}: memory over time`,
    header: `<h1>${escapeHtml(title)}</h1>
<p class="note">RSS over time, recorded by sampling; measured with or read by Tidemark. Drag across the plot to look closer, double-click to see all of it.</p>`,
    main: `<div class="switches">
<fieldset id="series"><legend>Lines</legend></fieldset>
</div>
<noscript><p>The plot is drawn by a script. Without it, plot into a file that ends in .svg.</p></noscript>
<figure><div class="drawing" id="drawing"></div></figure>`,
    end: dataAndScript(page, 'recording-page'),
  })
}
