import { FIGURES } from '../figures/all.js'
import { jobFacts, machineFacts, warningsOf } from '../prose/provenance.js'
import { reproduceCommand } from '../prose/reproduce.js'
import { wordsOf } from '../prose/words.js'
import { changeTable, measuredTable, type SummaryTable } from '../terminal/summary-table.js'
import { asset, CONTENT_POLICY, escapeHtml, jsonForScript, LIBRARY_NOTICE, script } from './page-parts.js'
import type { ReportModel } from './report-model.js'

/**
 * `report.html`: one file that opens from disk without network. Script, style and data are inside it; a policy in its
 * head forbids it to load anything.
 */
export function reportHtml(view: ReportModel): string {
  const { comparison, data } = view
  const words = wordsOf(view)
  const warnings = warningsOf(comparison)
  const drawn = FIGURES.filter(({ hasData }) => hasData(data))
  const tables = [measuredTable(view), changeTable(view)].filter((table) => table !== undefined)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${CONTENT_POLICY}
<title>${escapeHtml(comparison.name)}: memory over the rounds</title>
<style>
${asset('../browser/page.css')}</style>
</head>
<body>
<header>
<h1>Memory of ${escapeHtml(comparison.name)}</h1>
<p class="note">${escapeHtml(overview(view))}</p>
</header>
${warnings.length > 0 ? warningBox(warnings) : ''}
<main>
${tables.map(htmlTable).join('\n')}
<h2>What was seen</h2>
<ul>
${words.settings.map(({ label, sentences }) => `<li><strong>${escapeHtml(label)}</strong> ${escapeHtml(sentences.join(' '))}</li>`).join('\n')}
</ul>
${words.changes.length > 0 ? `<ul>\n${words.changes.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('\n')}\n</ul>` : ''}
${words.choice === '' ? '' : `<p>${escapeHtml(words.choice)}</p>`}
<h2>Figures</h2>
${drawn.length > 0 ? SWITCHES : '<p class="note">No round was recorded, so there is nothing to draw.</p>'}
<noscript><p>The figures of this page are drawn by a script. Without it, see the files in figures/ beside this page.</p></noscript>
<div class="figures">
${drawn.map(({ name, title, note }) => figure(name, title, note(data))).join('\n')}
</div>
<h2>How it was measured</h2>
<div class="scroll"><table class="facts"><tbody>
${[...jobFacts(comparison), ...machineFacts(comparison)].map(([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`).join('\n')}
</tbody></table></div>
<h2>How to repeat it</h2>
<pre><code>${escapeHtml(reproduceCommand(comparison, view.folder))}</code></pre>
</main>
<script type="application/json" id="data">${jsonForScript(data)}</script>
${LIBRARY_NOTICE}
<script>
${script('page')}</script>
</body>
</html>
`
}

const SWITCHES = `<div class="switches">
<fieldset id="settings"><legend>Settings</legend></fieldset>
<fieldset id="roles"><legend>Processes</legend></fieldset>
</div>`

/** These take the full width where two columns fit. */
const WIDE = new Set(['end-rss-by-round', 'turns', 'peaks', 'attribution', 'cleanup-cost'])

function overview({ comparison, summaries }: ReportModel): string {
  const trials = summaries.reduce((sum, summary) => sum + summary.trials, 0)
  const settings = comparison.settings.length
  return `${trials} completed ${trials === 1 ? 'trial' : 'trials'} of ${settings} ${settings === 1 ? 'setting' : 'settings'}, each in fresh processes; measured by Tidemark on ${new Date(comparison.createdMs).toISOString().slice(0, 10)}.`
}

function warningBox(warnings: string[]): string {
  const items = warnings.map((warning) => `<li>${escapeHtml(warning)}</li>`).join('\n')
  return `<section class="warnings" role="note">\n<h2>Before you read on</h2>\n<ul>\n${items}\n</ul>\n</section>`
}

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
  return `<h2>${escapeHtml(title)}</h2>
<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(title)}"><table>
<thead><tr>${head.join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>
<p class="note">${escapeHtml(note)}</p>`
}

function figure(name: string, title: string, note: string): string {
  const kind = WIDE.has(name) ? ' class="wide"' : ''
  return `<figure data-figure="${name}"${kind}>
<figcaption><h3>${escapeHtml(title)}</h3><p>${escapeHtml(note)}</p></figcaption>
<div class="drawing"></div>
</figure>`
}
