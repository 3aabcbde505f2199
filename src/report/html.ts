import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { messageOf, TidemarkError } from '../errors.js'
import { jobFacts, machineFacts, warningsOf } from './facts.js'
import { FIGURES } from './figures/all.js'
import { reproduceCommand } from './reproduce.js'
import { changeTable, measuredTable, type SummaryTable } from './summary-table.js'
import type { ReportView } from './view.js'
import { wordsOf } from './words.js'

/**
 * `report.html`: one file that opens from disk without network. Script, style and data are inside it; a policy in its
 * head forbids it to load anything.
 */
export function reportHtml(view: ReportView): string {
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
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(comparison.name)}: memory over the rounds</title>
<style>
${asset('./page/page.css')}</style>
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
<h2>How to reproduce it</h2>
<pre><code>${escapeHtml(reproduceCommand(comparison))}</code></pre>
</main>
<script type="application/json" id="data">${jsonForScript(data)}</script>
<!-- The script below contains Observable Plot (Copyright 2020-2023 Observable, Inc.) and D3 (Copyright 2010-2023 Mike Bostock), both under the ISC licence. -->
<script>
${script()}</script>
</body>
</html>
`
}

const SWITCHES = `<div class="switches">
<fieldset id="settings"><legend>Settings</legend></fieldset>
<fieldset id="roles"><legend>Processes</legend></fieldset>
</div>`

/** These take the full width where two columns fit. */
const WIDE = new Set(['end-rss-by-round', 'peaks', 'attribution', 'cleanup-cost'])

function overview({ comparison, summaries }: ReportView): string {
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

/** Names, labels and reasons come from outside and go through here, into text and attributes alike. */
function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!)
}

/** JSON in which no name can end the script element (`</script>`) or open a comment (`<!--`). */
function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

function asset(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** The bundle lies in dist/ alone, for this file as source and as built: both are two folders below the root. */
function script(): string {
  const file = new URL('../../dist/report/page/page.bundle.js', import.meta.url)
  try {
    return readFileSync(file, 'utf8').replaceAll('</script', '<\\/script')
  } catch (error) {
    throw new TidemarkError(`cannot read the script of the report page: ${messageOf(error)}`, {
      fix: `Build it with: npm run build (it makes ${fileURLToPath(file)}).`,
      cause: error,
    })
  }
}
