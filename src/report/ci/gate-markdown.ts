import { formatBytes } from '../../shared/units.js'
import type { GateCheck } from '../../verdict/gate/gate.js'
import { escapeMarkdown } from '../prose/escape-markdown.js'
import type { GateResult } from './gate-result.js'
import {
  allowedWords,
  changeWords,
  checkSentence,
  failedTrialSentence,
  gateHeadline,
  yardstickWords,
} from './gate-words.js'

const SIGNS: Record<GateCheck['state'], string> = {
  ok: '✅ ok',
  regressed: '❌ **regressed**',
  improved: '✅ improved',
  unclear: '⚠️ unclear',
  'too few trials': '⚠️ too few trials',
  'not compared': '– not compared',
}

/** Returns the results as Markdown, for a pull request or a workflow's step summary. */
export function gateMarkdown(results: readonly GateResult[]): string {
  return `${results.map(ofComparison).join('\n\n')}\n`
}

function ofComparison(result: GateResult): string {
  const { notes, checks, failedTrials } = result
  const listed = checks.filter(({ state }) => state !== 'ok' && state !== 'not compared')
  const warnings = [...notes, ...failedTrials.map(failedTrialSentence)]
  return [
    `### ${escapeMarkdown(gateHeadline(result))}`,
    `Memory of the ${escapeMarkdown(result.judge)} against ${escapeMarkdown(yardstickWords(result))}.`,
    warnings.map((warning) => `> ${escapeMarkdown(warning)}`).join('\n>\n'),
    [
      '| | setting | | was | is | change | allowed |',
      '| --- | --- | --- | ---: | ---: | ---: | ---: |',
      ...checks.map(row),
    ].join('\n'),
    listed.map((check) => `- ${escapeMarkdown(checkSentence(check))}`).join('\n'),
  ]
    .filter((block) => block !== '')
    .join('\n\n')
}

function row(check: GateCheck): string {
  const unit = check.quantity === 'slope' ? ' a round' : ''
  const size = (bytes: number | null) => (bytes === null ? '' : `${formatBytes(bytes)}${unit}`)
  const cells = [
    SIGNS[check.state],
    escapeMarkdown(check.setting),
    check.quantity,
    size(check.before),
    size(check.after),
    changeWords(check),
    allowedWords(check),
  ]
  return `| ${cells.join(' | ')} |`
}
