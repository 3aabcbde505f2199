import { escapeHtml, htmlPage } from '../html/page-parts.js'
import type { LiveSource } from './live-source.js'

/**
 * Returns the page of a running recording: headings and places, which its script fills. It shows
 * the data of the event stream as text alone.
 */
export function livePage({ title }: LiveSource): string {
  return htmlPage({
    title: `${title}: live`,
    isServed: true,
    header: `<h1 id="title">${escapeHtml(title)}</h1>
<p class="note" id="connection" role="status">connecting</p>`,
    main: `<section aria-labelledby="verdicts-heading">
<h2 id="verdicts-heading">Verdict so far</h2>
<ul id="verdicts"></ul>
</section>
<noscript><p>This page is drawn by a script. Without it, see <a href="/api/status">/api/status</a>.</p></noscript>
<div class="switches"><fieldset id="series"><legend>Roles</legend></fieldset></div>
<figure><div class="drawing" id="drawing"></div></figure>
<section aria-labelledby="processes-heading">
<h2 id="processes-heading">Processes</h2>
<div class="scroll" tabindex="0" role="group" aria-labelledby="processes-heading"><table id="processes"></table></div>
</section>
<section aria-labelledby="rounds-heading">
<h2 id="rounds-heading">Newest rounds</h2>
<div class="scroll" tabindex="0" role="group" aria-labelledby="rounds-heading"><table id="rounds"></table></div>
</section>
<section aria-labelledby="alerts-heading">
<h2 id="alerts-heading">Alerts</h2>
<div id="alerts" role="log" aria-labelledby="alerts-heading"></div>
</section>`,
    end: '<script src="/page.js"></script>\n',
  })
}
