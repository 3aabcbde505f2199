import { formatPercent, mib } from '../../shared/units.js'
import type { Difference } from '../../verdict/difference/compare-settings.js'
import type { SettingDifference } from '../../verdict/difference/difference.js'
import type { SettingSummary } from '../../verdict/difference/setting-summary.js'
import { count } from './count.js'

type Compared = { differences: readonly SettingDifference[]; summaries: readonly SettingSummary[] }

/** One sentence a setting: a clause each for floor and peak, with what it costs in time. */
export function changeSentences({ differences, summaries }: Compared): string[] {
  return differences.flatMap((difference) => {
    const clauses = clausesOf(difference, summaries)
    return clauses.length === 0 ? [] : [`${difference.label} against ${difference.baseline}: ${clauses.join('; ')}.`]
  })
}

/**
 * The setting to take: of those that were shown to lower the floor or the peak, the one with the lowest floor, and among
 * those within 2 % of it the first whose rounds are as fast as the fastest, again to 2 %. Undefined when nothing was compared.
 */
export function choiceSentence({ differences, summaries }: Compared): string | undefined {
  if (differences.length === 0) return undefined
  const measures = differences.flatMap(({ floor, peak }) => [floor, peak])
  if (measures.every((measure) => measure === null)) return undefined
  if (measures.every((measure) => measure === null || measure.decision === 'too few trials'))
    return 'The choice: four trials of each setting are needed to tell one from another.'
  const better = differences.filter(({ floor, peak }) => [floor, peak].some((one) => one?.decision === 'lower'))
  const first = summaries[0]?.label
  if (better.length === 0)
    return `The choice: no setting was shown to lower the floor or the peak, so nothing speaks against ${first}.`
  const chosen = firstOfTheFast(withinTwoPercent(better, summaries), summaries)
  return `The choice: ${chosen.label}. Against ${chosen.baseline} ${clausesOf(chosen, summaries).join('; ')}.`
}

/** Two that differ by less count as one: the margin of {@link compareSettings}. */
const NEAR = 1.02

function withinTwoPercent(better: SettingDifference[], summaries: readonly SettingSummary[]): SettingDifference[] {
  const floorOf = ({ label }: SettingDifference) =>
    summaryOf(label, summaries)?.floorBytes?.median ?? Number.POSITIVE_INFINITY
  const lowest = Math.min(...better.map(floorOf))
  const near = better.filter((one) => floorOf(one) <= lowest * NEAR)
  return near.length > 0 ? near : better
}

function firstOfTheFast(from: SettingDifference[], summaries: readonly SettingSummary[]): SettingDifference {
  const timeOf = ({ label }: SettingDifference) =>
    summaryOf(label, summaries)?.roundMs?.median ?? Number.POSITIVE_INFINITY
  const fastest = Math.min(...from.map(timeOf))
  return from.find((one) => timeOf(one) <= fastest * NEAR) ?? from[0]!
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

/** An undecided difference is no proof of sameness, and the words do not say so. */
function changeClause(measure: string, difference: Difference, trials: number): string {
  const { change, share, interval, decision, equivalence } = difference
  if (interval === null)
    return `the ${measure} differs by ${signed(change)} MiB between medians, which may be chance: ${count(trials, 'trial')}, too few for an interval`
  const { low, high } = interval
  const range = `95 % interval ${signed(low)} to ${signed(high)} MiB`
  if (decision === 'lower' || decision === 'higher') {
    // The verb has the sign.
    const [verb, from, to] = decision === 'lower' ? ['lowers', -high, -low] : ['raises', low, high]
    const size = `${mib(Math.abs(change))} MiB${share === null ? '' : ` (${(100 * Math.abs(share)).toFixed(1)} %)`}`
    return `it ${verb} the ${measure} by ${size}, 95 % interval ${mib(from)} to ${mib(to)} MiB`
  }
  if (decision === 'equivalent')
    return `it leaves the ${measure} where it was, to within ${mib(equivalence!.margin)} MiB (measured ${signed(change)} MiB, ${range})`
  // The interval is of this one difference; the decision counts how many were looked at.
  const isLost = low > 0 || high < 0
  const reason = isLost ? '; with so many settings compared, one such difference may be chance' : ''
  return `no difference in the ${measure} was established (measured ${signed(change)} MiB, ${range}${reason})`
}

/** What it costs: silent where the time of a round was not measured, or too few trials tell it. */
function timeClause(difference: Difference | null): string[] {
  const { share, interval, decision } = difference ?? {}
  if (share == null || interval?.lowShare == null || interval.highShare === null) return []
  const range = `95 % interval ${formatPercent(interval.lowShare)} to ${formatPercent(interval.highShare)}`
  if (decision === 'higher' || decision === 'lower')
    return [`the time of a round changes by ${formatPercent(share)}, ${range}`]
  if (decision === 'equivalent') return [`a round takes the same time to within 2 % (measured ${formatPercent(share)})`]
  return [`no difference in the time of a round was established (measured ${formatPercent(share)}, ${range})`]
}

function summaryOf(label: string, summaries: readonly SettingSummary[]): SettingSummary | undefined {
  return summaries.find((summary) => summary.label === label)
}

function signed(bytes: number): string {
  return bytes > 0 ? `+${mib(bytes)}` : mib(bytes)
}
