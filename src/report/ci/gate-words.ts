import type { PlannedRef } from '../../results/comparison.js'
import { count } from '../../shared/text.js'
import { formatBytes, formatPercent } from '../../shared/units.js'
import { type GateCheck, isIncomparable } from '../../verdict/gate/gate.js'
import { type GateResult, verdictOf } from './gate-result.js'

/** How a finished comparison gets trials too, for which --trials would be refused. */
export const MORE_TRIALS = '--trials sets them; compare --resume FOLDER --more-trials N adds some.'

/**
 * Returns `peak of gc=5: 83.1 MiB, was 79.0 MiB: +5.2 % (95 % interval ...)` and what that means.
 */
export function checkSentence(check: GateCheck): string {
  const { setting, quantity, state } = check
  return `${quantity} of ${setting}: ${measuredWords(check)}${measuredWords(check) === '' ? '' : ' '}${MEANINGS[state](check)}`
}

function measuredWords({ quantity, before, after, change, interval }: GateCheck): string {
  if (before === null || after === null || change === null) return ''
  const unit = quantity === 'slope' ? ' a round' : ''
  const range = interval === null ? '' : `, 95 % interval ${signed(interval.low)} to ${signed(interval.high)}`
  return `${formatBytes(after)}${unit}, was ${formatBytes(before)}: ${changeWords({ quantity, before, change })}${range}.`
}

/** Describes a change, without a percentage for a slope, which may be zero or negative. */
export function changeWords({ quantity, before, change }: Pick<GateCheck, 'quantity' | 'before' | 'change'>): string {
  if (change === null || before === null) return ''
  const isShare = quantity !== 'slope' && before > 0
  return isShare ? `${signed(change)} (${formatPercent(change / before)})` : signed(change)
}

export function allowedWords({ quantity, before, allowed }: GateCheck): string {
  if (allowed === null) return ''
  const isShare = quantity !== 'slope' && before !== null && before > 0
  return isShare ? `${formatBytes(allowed)} (${formatPercent(allowed / before).slice(1)})` : formatBytes(allowed)
}

function signed(bytes: number): string {
  return `${bytes > 0 ? '+' : ''}${formatBytes(bytes)}`
}

const MEANINGS: Record<GateCheck['state'], (check: GateCheck) => string> = {
  ok: (check) => `Within the ${allowedWords(check)} allowed.${blindness(check)}`,
  regressed: (check) => `More than the ${allowedWords(check)} allowed, and not by chance.`,
  improved: () => 'Lower.',
  unclear: (check) =>
    `More than the ${allowedWords(check)} allowed, but it may be chance at this spread.${neededWords(check)}`,
  'too few trials': ({ trials }) =>
    `${count(Math.min(trials.before, trials.after), 'trial')} on one side: four on each are needed. ${MORE_TRIALS}`,
  'not compared': ({ before, after }) =>
    before === null || after === null
      ? `not measured ${before === null ? (after === null ? 'on either side' : 'before') : 'now'}.`
      : 'not compared: on one side peaks are exact, on the other mostly the highest samples.',
}

/** Warns where the trials could not have shown the change that the gate guards against. */
function blindness({ trials, trialsToSeeAllowed }: GateCheck): string {
  const least = Math.min(trials.before, trials.after)
  if (trialsToSeeAllowed === null) return ' The trials scatter too much for a change of that size to be seen.'
  return trialsToSeeAllowed > 2 * least
    ? ` The trials scatter: a change of that size is seen with ${trialsToSeeAllowed} trials a side, not ${least}.`
    : ''
}

function neededWords({ trialsToSeeAllowed }: GateCheck): string {
  return trialsToSeeAllowed === null ? '' : ` About ${trialsToSeeAllowed} trials a side would decide.`
}

/**
 * Names what the comparison was checked against: `tidemark-baseline.json (2026-07-12, host)`, or
 * the ref: `main (1a2b3c4d5e, its subject)`.
 */
export function yardstickWords({ baseline, against }: GateResult): string {
  if (against !== null) return `${refWords(against.before)}, measured in turn with ${refWords(against.after)}`
  if (baseline === null) return 'nothing'
  return `${baseline.path} (${new Date(baseline.measuredMs).toISOString().slice(0, 10)}, ${baseline.hostname})`
}

function refWords({ ref, commit, subject }: PlannedRef): string {
  return `${ref} (${commit.slice(0, 10)}, ${subject})`
}

/** Returns the headline of one comparison. */
export function gateHeadline(result: GateResult): string {
  const { name, checks, failedTrials } = result
  const of = (state: GateCheck['state']) => checks.filter((check) => check.state === state).length
  const regressed = of('regressed')
  const words = {
    passed: `${name}: no regression in ${count(checks.length, 'check')}`,
    regressed: `${name}: ${regressed} of ${count(checks.length, 'check')} regressed`,
    inconclusive: checks.some(isIncomparable) ? `${name}: peaks cannot be compared` : `${name}: too few trials to tell`,
    'trials failed': `${name}: ${count(failedTrials.length, 'trial')} failed`,
  }
  return words[verdictOf(result)]
}

export function failedTrialSentence({ setting, trial, reason }: GateResult['failedTrials'][number]): string {
  return `trial ${trial} of ${setting} failed: ${reason}`
}
