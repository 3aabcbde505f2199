import { mib } from '../../shared/units.js'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import type { SettingSummary, Spread } from '../../verdict/difference/setting-summary.js'
import { verdictWord } from '../prose/behaviour.js'
import { shortPercent } from '../prose/short-size.js'
import { wordsOf } from '../prose/words.js'
import { escapeHtml } from './page-parts.js'
import type { ReportModel } from './report-model.js'

/** A cell: its text, its sort key, and the line below it. */
interface Cell {
  text: string
  key: number | string
  range?: string
}

const COLUMNS = [
  'Setting',
  'Verdict',
  'Peak MiB',
  'End RSS MiB',
  'Cleanup ms',
  'Round s',
  'Trials',
  'Peak against',
  'End against',
]

/**
 * Returns a row per setting. The script of the page sorts the rows; each opens to show the findings
 * in words.
 */
export function settingsTableHtml(view: ReportModel): string {
  const words = wordsOf(view)
  const rows = view.summaries.map((summary, i) => {
    const { label } = summary
    const sentences = [
      ...words.settings[i]!.sentences,
      ...words.changes.filter((sentence) => sentence.startsWith(`${label} against `)),
    ]
    const cells = cellsOf(view, summary, i)
    const isChosen = label === view.choice.label
    return `<tbody${isChosen ? ' class="chosen"' : ''}>
<tr><th scope="row" data-key="${i}"><button type="button" aria-expanded="true" aria-controls="seen-${i}">${escapeHtml(label)}</button>${isChosen ? ' <span class="mark">the choice</span>' : ''}</th>${cells.map(cellHtml).join('')}</tr>
<tr id="seen-${i}"><td colspan="${COLUMNS.length}"><p>${escapeHtml(sentences.join(' '))}</p></td></tr>
</tbody>`
  })
  const heads = COLUMNS.map(
    (name, i) =>
      `<th scope="col"${i === 0 ? ' aria-sort="ascending"' : ''}><button type="button">${name}</button></th>`,
  )
  return `<p class="note">The ${escapeHtml(view.comparison.judge)}, medians of the trials, below them the lowest and the highest. A row opens what was seen; a head sorts.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Settings"><table id="settings-table">
<thead><tr>${heads.join('')}</tr></thead>
${rows.join('\n')}
</table></div>`
}

function cellsOf({ verdicts, differences }: ReportModel, summary: SettingSummary, i: number): Cell[] {
  const difference = differences.find(({ label }) => label === summary.label)
  const { expectation, analysis } = verdicts[i]!
  const expected = expectation === null || expectation.state === 'met' ? '' : `expected: ${expectation.state}`
  const verdict = summary.trials === 0 ? 'no trial' : verdictWord(analysis)
  return [
    { text: verdict, key: verdict, range: expected },
    spreadCell(summary.peakBytes, mib, summary.hasSampledPeaks ? '≥ ' : ''),
    spreadCell(summary.endRssBytes, mib),
    spreadCell(summary.cleanupMsPerRound, (ms) => ms.toFixed(1)),
    spreadCell(summary.roundMs, (ms) => (ms / 1000).toFixed(2)),
    {
      text: String(summary.trials),
      key: summary.trials,
      ...(summary.failedTrials > 0 && { range: `${summary.failedTrials} failed` }),
    },
    changeCell(difference?.peak ?? null, difference?.baseline),
    changeCell(difference?.end ?? null, difference?.baseline),
  ]
}

function cellHtml({ text, key, range = '' }: Cell): string {
  return `<td data-key="${escapeHtml(String(key))}">${escapeHtml(text)}${range === '' ? '' : `<small>${escapeHtml(range)}</small>`}</td>`
}

function spreadCell(spread: Spread | null, format: (value: number) => string, sign = ''): Cell {
  if (spread === null) return { text: 'n/a', key: '' }
  const { median, low, high, values } = spread
  return {
    text: `${sign}${format(median)}`,
    key: median,
    ...(values.length > 1 && { range: `${format(low)} to ${format(high)}` }),
  }
}

/** Returns the cell of a change. An undecided change is not called a difference. */
function changeCell(difference: Difference | null, baseline: string | undefined): Cell {
  if (difference === null || difference.share === null || baseline === undefined)
    return { text: baseline === undefined ? 'baseline' : 'n/a', key: baseline === undefined ? 0 : '' }
  const { share, decision } = difference
  const isClear = decision === 'lower' || decision === 'higher'
  return { text: isClear ? shortPercent(share) : decision, key: isClear ? share : 0, range: `to ${baseline}` }
}
