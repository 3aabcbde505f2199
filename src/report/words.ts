import { median } from 'd3'
import type { RoundRecord } from '../recording/recording.js'
import { formatBytes, formatDuration, mib } from '../units.js'
import { judgedRounds, type SettingSummary, type Spread } from '../verdict/setting-summary.js'
import { changeSentences, choiceSentence } from './change-words.js'
import { count } from './count.js'
import type { ReportView } from './view.js'

/** What was seen, in sentences made of measured numbers alone. */
export interface Words {
  /** One for each setting. */
  settings: { label: string; sentences: string[] }[]
  /** On what the settings change against their baseline. */
  changes: string[]
  /** On the setting to take; undefined when nothing was compared. */
  choice: string | undefined
}

export function wordsOf(view: ReportView): Words {
  return {
    settings: view.summaries.map((summary) => ({ label: summary.label, sentences: settingSentences(view, summary) })),
    changes: changeSentences(view),
    choice: choiceSentence(view),
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
