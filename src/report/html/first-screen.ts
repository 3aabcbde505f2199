import type { Comparison } from '../../results/comparison.js'
import { count } from '../../shared/text.js'
import { formatDuration } from '../../shared/units.js'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import {
  expectedSentences,
  headlineFacts,
  limitWords,
  type Shown,
  storySentences,
  useSentence,
  whySentence,
} from '../prose/answer-sentences.js'
import { warningsOf } from '../prose/provenance.js'
import { shortPercent, shortSize, sizeRange } from '../prose/short-size.js'
import { settingLine } from '../setting-line.js'
import { shownOf } from '../terminal/shown-settings.js'
import { escapeHtml } from './page-parts.js'
import type { ReportModel } from './report-model.js'

/** Style without a limit of width: sentences of a page wrap, so names need not be shortened. */
const STYLE = { width: 1000, hasColor: false, isPlain: false }

/**
 * Returns what a reader sees first: what memory does, what to set, three key figures, and what else
 * to know.
 */
export function firstScreen(view: ReportModel): string {
  const { shown } = shownOf(view, STYLE)
  const sentences = storySentences(view, shown)
  const more: [string, string | undefined][] = [
    ['Why', whySentence(view, shown)],
    ['Limit', limitWords(view, shown)],
    ...expectedSentences(view, shown).map((text): [string, string] => ['Expected', text]),
  ]
  const facts = more.filter((one): one is [string, string] => one[1] !== undefined)
  return `<section class="answer" aria-label="Answer">
<p class="headline">${escapeHtml(sentences.join(' '))}</p>
${choiceBlock(view, shown)}
${keyFigures(view, shown)}
<dl class="more">
${facts.map(([name, text]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd></div>`).join('\n')}
</dl>
${warningBlock(view.comparison)}
</section>`
}

/** Returns `30 rounds · 2 clients · 6 settings x 4 trials · measured 2026-11-29`. */
export function factLine(view: ReportModel): string {
  const day = new Date(view.comparison.createdMs).toISOString().slice(0, 10)
  return [...headlineFacts(view).map(({ text }) => text), `measured ${day}`].join(' · ')
}

/** Returns the line to paste, with a button that copies it. */
function choiceBlock(view: ReportModel, shown: Shown): string {
  const sentence = useSentence(view, shown)
  if (sentence === undefined) return ''
  const { label } = view.choice
  const line = label === null ? '' : settingLine(view.comparison, label)
  const use =
    line === ''
      ? `<strong>${escapeHtml(sentence.use)}</strong>`
      : `<code id="choice">${escapeHtml(line)}</code><button type="button" class="copy" data-copies="choice">Copy</button>`
  return `<p class="choice"><span class="label">${label === null ? 'So far' : 'Use'}</span> ${use} <span class="reason">${escapeHtml(sentence.reason)}</span></p>`
}

/**
 * Returns peak, end RSS and cost of the chosen setting, or of the first one where there is no
 * choice.
 */
function keyFigures(view: ReportModel, { names }: Shown): string {
  const { comparison, summaries, choice } = view
  const label = choice.label ?? comparison.settings[0]!.label
  const summary = summaries.find((one) => one.label === label)
  if (summary === undefined || summary.trials === 0) return ''
  const difference = view.differences.find((one) => one.label === label)
  const against = difference === undefined ? '' : (names.get(difference.baseline) ?? difference.baseline)
  const name = names.get(label) ?? label
  const cards = [
    card(
      'Peak',
      summary.peakBytes && `${summary.hasSampledPeaks ? '≥ ' : ''}${shortSize(summary.peakBytes.median)}`,
      sizeChange(difference?.peak ?? null, against),
    ),
    card(
      'End RSS',
      summary.endRssBytes && shortSize(summary.endRssBytes.median),
      sizeChange(difference?.end ?? null, against),
    ),
    card(
      'Cost',
      summary.cleanupMsPerRound === null
        ? summary.roundMs && `${formatDuration(summary.roundMs.median)} a round`
        : summary.cleanupMsPerRound.median === 0
          ? 'no cleanup'
          : `${formatDuration(summary.cleanupMsPerRound.median)} a round`,
      timeChange(difference?.roundMs ?? null, against),
    ),
  ]
  return `<dl class="key-figures" aria-label="Key figures of ${escapeHtml(name)}">\n${cards.join('\n')}\n</dl>`
}

function card(name: string, value: string | null, detail: string): string {
  return `<div><dt>${name}</dt><dd><span class="value">${escapeHtml(value ?? 'not measured')}</span> <span class="detail">${escapeHtml(detail)}</span></dd></div>`
}

/** Returns `-27 % against gc=0 (95 %: -31 to -24 MiB)`, or that the difference is undecided. */
function sizeChange(difference: Difference | null, against: string): string {
  if (difference === null || difference.share === null) return ''
  const { interval, decision } = difference
  const change = `${shortPercent(difference.share)} against ${against}`
  if (interval === null) return `${change}; ${FOUR_TRIALS}`
  const range = `95 %: ${sizeRange(interval.low, interval.high)}`
  if (decision === 'undecided') return `${change} (${range}), undecided`
  return decision === 'equivalent' ? `the same as ${against} (${range})` : `${change} (${range})`
}

/** Returns `rounds +3 % against gc=0 (95 %: -10 % to +20 %), undecided`. */
function timeChange(difference: Difference | null, against: string): string {
  if (difference === null || difference.share === null) return ''
  const { interval, decision } = difference
  const change = `rounds ${shortPercent(difference.share)} against ${against}`
  if (interval === null) return `${change}; ${FOUR_TRIALS}`
  const { lowShare, highShare } = interval
  const range =
    lowShare === null || highShare === null ? '' : ` (95 %: ${shortPercent(lowShare)} to ${shortPercent(highShare)})`
  if (decision === 'undecided') return `${change}${range}, undecided`
  return decision === 'equivalent' ? `rounds take as long as with ${against}${range}` : `${change}${range}`
}

const FOUR_TRIALS = 'four trials of each setting show whether that is chance'

/** Returns the warnings, on one line until it is opened. */
function warningBlock(comparison: Comparison): string {
  const warnings = warningsOf(comparison)
  const [first] = warnings
  if (first === undefined) return ''
  const items = warnings.map((warning) => `<li>${escapeHtml(warning)}</li>`).join('\n')
  return `<details class="warnings"><summary><strong>${count(warnings.length, 'warning')}</strong> <span>${escapeHtml(first)}</span></summary>\n<ul>\n${items}\n</ul>\n</details>`
}
