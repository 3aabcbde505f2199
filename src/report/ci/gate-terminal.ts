import pc from 'picocolors'
import { printable } from '../../shared/printable.js'
import type { GateCheck } from '../../verdict/gate/gate.js'
import type { GateResult } from './gate-result.js'
import { checkSentence, failedTrialSentence, gateHeadline, yardstickWords } from './gate-words.js'

const STATE_WIDTH = 14

/** Returns one line per check, failures first. */
export function gateTerminal(result: GateResult, hasColor: boolean): string {
  const colors = pc.createColors(hasColor)
  const paint: Partial<Record<GateCheck['state'], (text: string) => string>> = {
    regressed: (text) => colors.bold(colors.red(text)),
    'too few trials': colors.yellow,
    unclear: colors.yellow,
    improved: colors.green,
  }
  const { notes, failedTrials, checks, folder } = result
  const sorted = [...checks].sort((a, b) => Number(b.state === 'regressed') - Number(a.state === 'regressed'))
  return [
    `${colors.bold(printable(gateHeadline(result)))}, against ${printable(yardstickWords(result))}`,
    ...notes.map((note) => `${colors.yellow('note:')} ${printable(note)}`),
    ...failedTrials.map(
      (trial) => `${colors.red('failed'.padEnd(STATE_WIDTH))}  ${printable(failedTrialSentence(trial))}`,
    ),
    ...sorted.map((check) => {
      const state = check.state === 'regressed' ? 'REGRESSED' : check.state
      return `${(paint[check.state] ?? String)(state.padEnd(STATE_WIDTH))}  ${printable(checkSentence(check))}`
    }),
    `Data: ${folder}`,
    '',
  ].join('\n')
}
