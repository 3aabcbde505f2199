import pc from 'picocolors'
import type { GateCheck } from '../../verdict/gate.js'
import type { GateResult } from './gate-result.js'
import { checkSentence, failedTrialSentence, gateHeadline } from './gate-words.js'

const STATE_WIDTH = 14

/** One line a check, what went wrong first. */
export function gateTerminal(result: GateResult, hasColor: boolean): string {
  const colors = pc.createColors(hasColor)
  const paint: Partial<Record<GateCheck['state'], (text: string) => string>> = {
    regressed: (text) => colors.bold(colors.red(text)),
    'too few trials': colors.yellow,
    unclear: colors.yellow,
    improved: colors.green,
  }
  const { baseline, notes, failedTrials, checks, folder } = result
  const measured = new Date(baseline.measuredMs).toISOString().slice(0, 10)
  const sorted = [...checks].sort((a, b) => Number(b.state === 'regressed') - Number(a.state === 'regressed'))
  return [
    `${colors.bold(gateHeadline(result))}, against ${baseline.path} (${measured}, ${baseline.hostname})`,
    ...notes.map((note) => `${colors.yellow('note:')} ${note}`),
    ...failedTrials.map((trial) => `${colors.red('failed'.padEnd(STATE_WIDTH))}  ${failedTrialSentence(trial)}`),
    ...sorted.map((check) => {
      const state = check.state === 'regressed' ? 'REGRESSED' : check.state
      return `${(paint[check.state] ?? String)(state.padEnd(STATE_WIDTH))}  ${checkSentence(check)}`
    }),
    `Data: ${folder}`,
    '',
  ].join('\n')
}
