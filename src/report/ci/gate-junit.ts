import { printable } from '../../shared/printable.js'
import type { GateCheck } from '../../verdict/gate/gate.js'
import type { GateResult } from './gate-result.js'
import { checkSentence, failedTrialSentence, gateHeadline } from './gate-words.js'

/**
 * Returns JUnit XML as Jenkins, GitLab and the GitHub actions read it: a suite for each comparison,
 * a case for each setting and quantity. A check that decides nothing is an error, as nothing was
 * found wrong; one that was not made is skipped.
 */
export function gateJunit(results: readonly GateResult[]): string {
  const suites = results.map(suite)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="tidemark check">\n${suites.join('\n')}\n</testsuites>\n`
}

function suite(result: GateResult): string {
  const { name, judge, checks, failedTrials, notes } = result
  const of = (...states: GateCheck['state'][]) => checks.filter(({ state }) => states.includes(state)).length
  const facts = {
    name,
    tests: checks.length + failedTrials.length,
    failures: of('regressed'),
    errors: of('too few trials') + failedTrials.length,
    skipped: of('not compared'),
  }
  const where = { classname: `${name}.${judge}`, ...(result.source === undefined ? {} : { file: result.source }) }
  return [
    `  <testsuite ${attributes(facts)}>`,
    ...checks.map((check) => testcase({ ...where, name: `${check.setting} ${check.quantity}` }, outcome(check))),
    ...failedTrials.map((trial) =>
      testcase(
        { ...where, name: `${trial.setting} trial ${trial.trial}` },
        element('error', 'trial failed', failedTrialSentence(trial)),
      ),
    ),
    `    <system-out>${escapeXml([gateHeadline(result), ...notes, ...checks.map(checkSentence)].join('\n'))}</system-out>`,
    '  </testsuite>',
  ].join('\n')
}

function testcase(facts: Record<string, string>, inside: string): string {
  return `    <testcase ${attributes(facts)}>${inside}</testcase>`
}

function outcome(check: GateCheck): string {
  const sentence = checkSentence(check)
  if (check.state === 'regressed') return element('failure', 'regression', sentence)
  if (check.state === 'too few trials') return element('error', 'too few trials', sentence)
  return check.state === 'not compared' ? `<skipped ${attributes({ message: sentence })}/>` : ''
}

function element(name: string, type: string, sentence: string): string {
  return `<${name} ${attributes({ type, message: sentence })}>${escapeXml(sentence)}</${name}>`
}

function attributes(facts: Record<string, string | number>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;')}"`)
    .join(' ')
}

/** Escapes text for XML; a reason may quote a log. */
function escapeXml(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return printable(text).replaceAll(/[&<>"]/g, (sign) => named[sign]!)
}
