import { count } from '../../shared/text.js'
import { formatPercent, mib } from '../../shared/units.js'
import type { Choice } from '../../verdict/choose-setting.js'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import type { SettingDifference } from '../../verdict/difference/difference.js'
import type { SettingSummary } from '../../verdict/difference/setting-summary.js'

type Compared = { differences: readonly SettingDifference[]; summaries: readonly SettingSummary[]; choice: Choice }

/** Returns one sentence per setting: a clause each for floor and peak, with the cost in time. */
export function changeSentences({ differences, summaries }: Omit<Compared, 'choice'>): string[] {
  return differences.flatMap((difference) => {
    const clauses = clausesOf(difference, summaries)
    return clauses.length === 0 ? [] : [`${difference.label} against ${difference.baseline}: ${clauses.join('; ')}.`]
  })
}

/** Describes the setting to use and what it changes; undefined when nothing was compared. */
export function choiceSentence({ differences, summaries, choice }: Compared): string | undefined {
  if (differences.every(({ peak, floor }) => peak === null && floor === null)) return undefined
  if (choice.label === null) return 'The choice: four trials of each setting are needed to compare them.'
  const difference = differences.find(({ label }) => label === choice.label)
  const above = choice.isUnderLimit === false ? ' No setting stays under the limit.' : ''
  if (difference === undefined) return `The choice: ${choice.label}, since no other setting is clearly better.${above}`
  return `The choice: ${choice.label}. Against ${difference.baseline} ${clausesOf(difference, summaries).join('; ')}.${above}`
}

function clausesOf(difference: SettingDifference, summaries: readonly SettingSummary[]): string[] {
  const { label, baseline, roundMs } = difference
  const trials = Math.min(...[label, baseline].map((one) => summaryOf(one, summaries)?.trials ?? 0))
  const clauses = (['floor', 'peak'] as const).flatMap((measure) => {
    const change = difference[measure]
    return change === null ? [] : [changeClause(measure, change, trials)]
  })
  return clauses.length === 0 ? [] : [...clauses, ...timeClause(roundMs)]
}

/**
 * Describes one change. An undecided difference does not prove equality, and the wording avoids
 * saying so.
 */
function changeClause(measure: string, difference: Difference, trials: number): string {
  const { change, share, interval, decision, equivalence } = difference
  if (interval === null)
    return `the ${measure} differs by ${signed(change)} MiB between medians, which may be chance: ${count(trials, 'trial')}, too few for an interval`
  const { low, high } = interval
  const range = `95 % interval ${signed(low)} to ${signed(high)} MiB`
  if (decision === 'lower' || decision === 'higher') {
    // The verb carries the sign.
    const [verb, from, to] = decision === 'lower' ? ['lowers', -high, -low] : ['raises', low, high]
    const size = `${mib(Math.abs(change))} MiB${share === null ? '' : ` (${(100 * Math.abs(share)).toFixed(1)} %)`}`
    return `it ${verb} the ${measure} by ${size}, 95 % interval ${mib(from)} to ${mib(to)} MiB`
  }
  if (decision === 'equivalent')
    return `it leaves the ${measure} where it was, to within ${mib(equivalence!.margin)} MiB (measured ${signed(change)} MiB, ${range})`
  // The interval covers this one difference; the decision accounts for the number of differences
  // examined.
  const isLost = low > 0 || high < 0
  const reason = isLost ? '; with so many settings compared, one such difference may be chance' : ''
  return `no clear difference in ${measure} (measured ${signed(change)} MiB, ${range}${reason})`
}

/**
 * Describes the cost in time. Returns nothing where the time of a round was not measured, or for
 * too few trials.
 */
function timeClause(difference: Difference | null): string[] {
  const { share, interval, decision } = difference ?? {}
  if (share == null || interval?.lowShare == null || interval.highShare === null) return []
  const range = `95 % interval ${formatPercent(interval.lowShare)} to ${formatPercent(interval.highShare)}`
  if (decision === 'higher' || decision === 'lower')
    return [`the time of a round changes by ${formatPercent(share)}, ${range}`]
  if (decision === 'equivalent') return [`a round takes the same time to within 2 % (measured ${formatPercent(share)})`]
  return [`no clear difference in the time of a round (measured ${formatPercent(share)}, ${range})`]
}

function summaryOf(label: string, summaries: readonly SettingSummary[]): SettingSummary | undefined {
  return summaries.find((summary) => summary.label === label)
}

function signed(bytes: number): string {
  return bytes > 0 ? `+${mib(bytes)}` : mib(bytes)
}
