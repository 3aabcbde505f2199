import { join } from 'node:path'
import { replaceFile } from '../../shared/atomic-write.js'
import { messageOf, TidemarkError } from '../../shared/errors.js'
import { count } from '../../shared/text.js'
import { storySentences, useSentence } from '../prose/answer-sentences.js'
import { verdictWord } from '../prose/behaviour.js'
import { shortMib } from '../prose/short-size.js'
import { settingLine } from '../setting-line.js'
import { shownOf } from '../terminal/shown-settings.js'
import { factLine } from './first-screen.js'
import { escapeHtml, htmlPage } from './page-parts.js'
import type { ReportModel } from './report-model.js'

/** A comparison of several, and its folder beside the index. */
export interface IndexEntry {
  /** Name of its folder, relative to that of the index. */
  folder: string
  view: ReportModel
}

/** Style without a limit of width: a page wraps. */
const STYLE = { width: 1000, hasColor: false, isPlain: false }

/**
 * Writes index.html of several comparisons into their folder, atomically: what each found, what to
 * set, and a link to its report.
 *
 * @param planned comparisons that are to run in all
 * @returns the path of the page
 * @throws TidemarkError when the folder cannot be written
 */
export function writeIndex(entries: readonly IndexEntry[], folder: string, planned: number): string {
  const page = join(folder, 'index.html')
  try {
    replaceFile(page, indexHtml(entries, planned))
  } catch (error) {
    throw new TidemarkError(`cannot write ${page}: ${messageOf(error)}`, {
      fix: 'What was measured is kept, each comparison in its folder with its report.',
      cause: error,
    })
  }
  return page
}

/** Returns the index as one file that opens from disk and loads nothing. */
export function indexHtml(entries: readonly IndexEntry[], planned: number): string {
  const left = planned - entries.length
  return htmlPage({
    title: `Memory of ${entries.map(({ view }) => view.comparison.name).join(', ')}`,
    style: 'report.css',
    header: `<h1>${count(entries.length, 'comparison')}</h1>
${left > 0 ? `<p class="note">${count(left, 'more comparison')} to come.</p>` : ''}`,
    main: entries.map(entrySection).join('\n'),
  })
}

function entrySection({ folder, view }: IndexEntry): string {
  const { comparison, choice } = view
  const { shown } = shownOf(view, STYLE)
  const link = `${encodeURIComponent(folder)}/report.html`
  const sentence = useSentence(view, shown)
  const line = choice.label === null ? '' : settingLine(comparison, choice.label)
  const name = escapeHtml(comparison.name)
  return `<section aria-label="${name}">
<h2><a href="${link}">${name}</a></h2>
<p class="note">${escapeHtml(factLine(view))}</p>
<p class="headline">${escapeHtml(storySentences(view, shown).join(' '))}</p>
${
  sentence === undefined
    ? ''
    : `<p class="choice"><span class="label">${choice.label === null ? 'So far' : 'Use'}</span> ${
        line === '' ? `<strong>${escapeHtml(sentence.use)}</strong>` : `<code>${escapeHtml(line)}</code>`
      } <span class="reason">${escapeHtml(sentence.reason)}</span></p>`
}
${settingsTable(view, shown)}
</section>`
}

function settingsTable(
  { summaries, verdicts, choice, comparison }: ReportModel,
  shown: ReturnType<typeof shownOf>['shown'],
): string {
  const rows = shown.labels.map((label) => {
    const i = summaries.findIndex((summary) => summary.label === label)
    const { peakBytes, endRssBytes, trials, failedTrials, hasSampledPeaks } = summaries[i]!
    const verdict = trials === 0 ? (failedTrials > 0 ? 'failed' : 'no trial') : verdictWord(verdicts[i]!.analysis)
    const size = (spread: { median: number } | null, sign = '') =>
      spread === null ? '-' : `${sign}${shortMib(spread.median)}`
    const mark = label === choice.label ? ' <span class="mark">the choice</span>' : ''
    const cells = [verdict, size(peakBytes, hasSampledPeaks ? '≥ ' : ''), size(endRssBytes), String(trials)]
    return `<tr><th scope="row">${escapeHtml(shown.names.get(label) ?? label)}${mark}</th>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  const heads = ['Setting', 'Verdict', 'Peak MiB', 'End RSS MiB', 'Trials'].map(
    (head) => `<th scope="col">${head}</th>`,
  )
  const title = `Settings of ${escapeHtml(comparison.name)}`
  return `<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table></div>`
}
