import { FIGURES, type FigureEntry } from '../figures/all.js'
import { jobFacts, machineFacts } from '../prose/provenance.js'
import { reproduceCommand } from '../prose/reproduce.js'
import { changeTable, measuredTable, type SummaryTable } from '../terminal/summary-table.js'
import { factLine, firstScreen } from './first-screen.js'
import { dataAndScript, escapeHtml, htmlPage } from './page-parts.js'
import type { ReportModel } from './report-model.js'
import { settingsTableHtml } from './settings-table-html.js'

/** Figure of the first screen. */
const MAIN = 'settings-over-rounds'

/**
 * Returns `report.html`: one file that opens from disk without network. Script, style and data are
 * inside it; a policy in its head forbids it to load anything. The answer comes first, then one
 * figure and a row per setting, then everything else.
 */
export function reportHtml(view: ReportModel, heapFigures: readonly HeapFigure[] = []): string {
  const { comparison, data } = view
  const drawn = FIGURES.filter(({ name, hasData }) => name !== MAIN && hasData(data))
  const tables = [measuredTable(view), changeTable(view)].filter((table) => table !== undefined)
  return htmlPage({
    title: `${comparison.name}: memory over the rounds`,
    style: 'report.css',
    header: `<h1>Memory of ${escapeHtml(comparison.name)}</h1>
<p class="note">${escapeHtml(factLine(view))}</p>`,
    main: `${firstScreen(view)}
${FIGURES.some(({ hasData }) => hasData(data)) ? SWITCHES : ''}
${mainFigure(view)}
<noscript><p>The figures of this page are drawn by a script. Without it, see the files in figures/ beside this page.</p></noscript>
<h2>Setting by setting</h2>
${settingsTableHtml(view)}
<details class="all-numbers"><summary>All numbers, with ranges and intervals</summary>
${tables.map(htmlTable).join('\n')}
</details>
<h2>Figures</h2>
${drawn.length > 0 ? '' : '<p class="note">No round was recorded, so there is nothing to draw.</p>'}
<div class="figures">
${drawn.map((entry) => figure(entry, entry.note(data), 'h3')).join('\n')}
</div>${heapFigures.length > 0 ? heapSection(heapFigures) : ''}
<h2>How it was measured</h2>
<div class="scroll" tabindex="0" role="region" aria-label="How it was measured"><table class="facts"><tbody>
${[...jobFacts(comparison), ...machineFacts(comparison)].map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join('\n')}
</tbody></table></div>
<h2>How to repeat it</h2>
<pre tabindex="0"><code id="repeat">${escapeHtml(reproduceCommand(comparison, view.folder))}</code></pre>
<p><button type="button" class="copy" data-copies="repeat">Copy the command</button></p>`,
    end: `<p id="said" class="unseen" role="status"></p>
${dataAndScript(data, 'page')}`,
  })
}

/** A flame graph of what grew in the trial of a setting with `--heap-diff`. */
export interface HeapFigure {
  setting: string
  /** SVG document that we drew ourselves. */
  svg: string
}

function heapSection(figures: readonly HeapFigure[]): string {
  const drawn = figures.map(
    ({ setting, svg }) =>
      `<figure class="wide"><figcaption><h3>${escapeHtml(setting)}</h3></figcaption>\n${svg}</figure>`,
  )
  return `
<h2>Which lines grew</h2>
<p class="note">From a trial of its own, with its heap measured. Callers stand above; the line that holds the memory is the dark box below them, as wide as what grew there.</p>
<div class="figures">
${drawn.join('\n')}
</div>`
}

/**
 * Switches for what is drawn. They stay in sight while the page is scrolled, so that their effect
 * is seen.
 */
const SWITCHES = `<div class="switches">
<fieldset id="settings"><legend>Settings</legend></fieldset>
<fieldset id="layout"><legend>Shown</legend>
<label><input type="radio" name="layout" value="overlaid" checked>overlaid</label>
<label><input type="radio" name="layout" value="panels">in panels</label>
<button type="button" id="all-rounds" hidden>Show all rounds</button>
</fieldset>
<fieldset id="roles"><legend>Processes</legend></fieldset>
</div>`

/** Returns the figure that holds all settings. */
function mainFigure({ data }: ReportModel): string {
  const entry = FIGURES.find(({ name }) => name === MAIN)!
  if (!entry.hasData(data)) return ''
  return `<section class="main-figure" aria-label="${escapeHtml(entry.title)}">
${figure(entry, `${entry.note(data)} Drag across rounds to look closer.`, 'h2')}
</section>`
}

/** Figures that take the full width where two columns fit. */
const WIDE = new Set(['end-rss-by-round', 'turns', 'peaks', 'attribution', 'cleanup-cost', MAIN])

function htmlTable({ title, note, columns, rows }: SummaryTable): string {
  const head = columns.map(
    ({ name, unit }) => `<th scope="col">${escapeHtml(name)}${unit === '' ? '' : `<br>${escapeHtml(unit)}`}</th>`,
  )
  const body = rows.map(({ label, cells }) => {
    const data = cells.map(
      ({ value, range }) => `<td>${escapeHtml(value)}${range === '' ? '' : `<small>${escapeHtml(range)}</small>`}</td>`,
    )
    return `<tr><th scope="row">${escapeHtml(label)}</th>${data.join('')}</tr>`
  })
  return `<h3>${escapeHtml(title)}</h3>
<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(title)}"><table>
<thead><tr>${head.join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>
<p class="note">${escapeHtml(note)}</p>`
}

function figure({ name, title }: FigureEntry, note: string, heading: 'h2' | 'h3'): string {
  const kind = WIDE.has(name) ? ' class="wide"' : ''
  return `<figure data-figure="${name}"${kind}>
<figcaption><${heading}>${escapeHtml(title)}</${heading}><p>${escapeHtml(note)}</p></figcaption>
<div class="drawing"></div>
<details class="values"><summary>Values of this figure as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Values: ${escapeHtml(title)}"></div></details>
</figure>`
}
