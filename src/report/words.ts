import { median } from 'd3'
import type { RoundRecord } from '../recording/recording.js'
import { formatBytes, formatDuration, formatPercent, mib } from '../units.js'
import type { Difference } from '../verdict/difference.js'
import { judgedRounds, type SettingSummary, type Spread } from '../verdict/setting-summary.js'
import type { ReportView } from './view.js'

/** What was seen, in sentences made of measured numbers alone. */
export interface Words {
  /** One for each setting. */
  settings: { label: string; sentences: string[] }[]
  /** On what the settings change against their baseline. */
  changes: string[]
}

export function wordsOf(view: ReportView): Words {
  return {
    settings: view.summaries.map((summary) => ({ label: summary.label, sentences: settingSentences(view, summary) })),
    changes: changeSentences(view),
  }
}

function settingSentences(view: ReportView, summary: SettingSummary): string[] {
  const { judge } = view.comparison
  if (summary.trials === 0) return [`No trial was completed${failures(summary)}; nothing can be said.`]
  const rounds = judgedTrials(view, summary.label)
  const expectation = view.comparison.expectations[summary.label]
  return [
    ...course(rounds, judge),
    ...peakSentence(view, summary),
    ...cleanupSentence(rounds),
    ...(summary.failedTrials > 0
      ? [
          `${count(summary.failedTrials, 'trial')} failed and ${summary.failedTrials === 1 ? 'is' : 'are'} not in these numbers.`,
        ]
      : []),
    ...(expectation === undefined ? [] : [`Expected: ${expectation}. This is not judged yet.`]),
  ]
}

/** Where end RSS came from and went, and how far it moved in the second half: a climb that levels off is told from one that goes on. */
function course(trials: RoundRecord[][], judge: string): string[] {
  const last = Math.min(...trials.map((rounds) => rounds.length))
  if (!Number.isFinite(last) || last === 0) return [`No round of the ${judge} was recorded.`]
  const endAt = (round: number) => median(trials, (rounds) => rounds[round - 1]?.end.rssBytes) ?? 0
  if (last < 4)
    return [`RSS at the end of round ${last}: ${formatBytes(endAt(last))}; too few rounds to speak of a course.`]
  const middle = Math.ceil(last / 2)
  const later = Array.from({ length: last - middle }, (_, i) => endAt(middle + 1 + i))
  const [lowest, highest] = [Math.min(...later), Math.max(...later)]
  return [
    `RSS at the end of a round: ${mib(endAt(1))} MiB in round 1, ${mib(endAt(middle))} in round ${middle}, ${mib(endAt(last))} in round ${last}; from round ${middle + 1} on between ${mib(lowest)} and ${mib(highest)} MiB.`,
  ]
}

function peakSentence({ comparison }: ReportView, { peakBytes, hasSampledPeaks }: SettingSummary): string[] {
  if (peakBytes === null) return ['Peaks were not measured.']
  const inM = comparison.modelBytes === null ? '' : `, ${(peakBytes.median / comparison.modelBytes).toFixed(1)} M`
  const kind = hasSampledPeaks ? 'Highest sampled peak, a lower bound' : 'Highest peak'
  return [`${kind}: ${formatBytes(peakBytes.median)}${inM}${spreadWords(peakBytes)}.`]
}

function cleanupSentence(trials: RoundRecord[][]): string[] {
  const cleanups = trials.flat().flatMap((round) => round.cleanup ?? [])
  const givenBack = median(cleanups, (cleanup) => cleanup.rssBeforeBytes - cleanup.rssAfterBytes)
  const totalMs = median(cleanups, (cleanup) => cleanup.totalMs)
  if (givenBack === undefined || totalMs === undefined) return []
  return [
    `A cleanup gives back ${formatBytes(givenBack)} and takes ${formatDuration(totalMs)} (medians of ${cleanups.length}).`,
  ]
}

/** One sentence a setting: a clause for each of floor, peak and increase. */
function changeSentences({ differences, summaries }: ReportView): string[] {
  const trialsOf = (label: string) => summaries.find((summary) => summary.label === label)?.trials ?? 0
  return differences.flatMap(({ label, baseline, ...measures }) => {
    const trials = Math.min(trialsOf(label), trialsOf(baseline))
    const clauses = MEASURES.flatMap((measure) => {
      const change = measures[measure]
      return change === null ? [] : [changeClause(measure, change, trials)]
    })
    return clauses.length === 0 ? [] : [`${label} against ${baseline}: ${clauses.join('; ')}.`]
  })
}

const MEASURES = ['floor', 'peak', 'increase'] as const

/** An undecided difference is no proof of sameness, and the words do not say so. */
function changeClause(measure: string, change: Difference, trials: number): string {
  const { bytes, interval, decision } = change
  if (interval === null) {
    return `the ${measure} differs by ${signed(bytes)} MiB between medians, which may be chance: ${count(trials, 'trial')}, too few for an interval`
  }
  const { lowBytes, highBytes } = interval
  const size = `${mib(Math.abs(bytes))} MiB${change.share === null ? '' : ` (${formatPercent(change.share)})`}`
  const range = `95 % interval ${signed(lowBytes)} to ${signed(highBytes)} MiB`
  if (decision === 'lower') return `it lowers the ${measure} by ${size}, ${range}`
  if (decision === 'higher') return `it raises the ${measure} by ${size}, ${range}`
  // The interval is of this one difference; the decision counts how many were looked at.
  const isLost = lowBytes > 0 || highBytes < 0
  const reason = isLost ? '; with so many settings compared, one such difference may be chance' : ''
  return `no difference in the ${measure} was established (measured ${signed(bytes)} MiB, ${range}${reason})`
}

/** Of each completed trial of a setting, the rounds of the judged role in order. */
function judgedTrials({ comparison }: ReportView, label: string): RoundRecord[][] {
  return comparison.trials
    .filter((trial) => trial.setting === label && trial.state === 'completed')
    .map((trial) => judgedRounds(trial, comparison.judge))
}

function spreadWords({ low, high, values }: Spread): string {
  return values.length > 1 ? ` (${mib(low)} to ${mib(high)} MiB in ${values.length} trials)` : ' (one trial)'
}

function failures({ failedTrials }: SettingSummary): string {
  return failedTrials === 0 ? '' : ` (${failedTrials} failed)`
}

function signed(bytes: number): string {
  return bytes > 0 ? `+${mib(bytes)}` : mib(bytes)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
