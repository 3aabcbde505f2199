import { printable } from '../../shared/printable.js'
import type { GateCheck } from '../../verdict/gate/gate.js'
import type { GateResult } from './gate-result.js'
import { checkSentence, failedTrialSentence } from './gate-words.js'

const LEVELS: Partial<Record<GateCheck['state'], 'error' | 'warning' | 'notice'>> = {
  regressed: 'error',
  'too few trials': 'error',
  unclear: 'warning',
  improved: 'notice',
}

/**
 * Returns workflow commands of GitHub Actions, one per line: `::error
 * file=my.memory.ts,title=...::...`. GitHub shows ten of each level per step, so checks that pass
 * have none. https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function gateAnnotations({ name, source, checks, failedTrials }: GateResult): string[] {
  const annotation = (level: string, title: string, message: string) => {
    const properties = Object.entries({ ...(source === undefined ? {} : { file: source }), title })
    return `::${level} ${properties.map(([key, value]) => `${key}=${escapeProperty(value)}`).join(',')}::${escapeData(message)}`
  }
  return [
    ...failedTrials.map((trial) => annotation('error', `${name}: a trial failed`, failedTrialSentence(trial))),
    ...checks.flatMap((check) => {
      const level = LEVELS[check.state]
      return level === undefined
        ? []
        : [annotation(level, `${name}: ${check.quantity} ${check.state}`, checkSentence(check))]
    }),
  ]
}

function escapeData(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
