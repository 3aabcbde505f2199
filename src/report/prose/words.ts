import { median } from 'd3'
import type { RoundRecord } from '../../recording/recording.js'
import { count } from '../../shared/text.js'
import { formatBytes, formatDuration, mib } from '../../shared/units.js'
import { judgedRounds, type SettingSummary, type Spread } from '../../verdict/difference/setting-summary.js'
import { cleanupPeriodOf } from '../../verdict/difference/setting-verdict.js'
import type { ReportModel } from '../html/report-model.js'
import { changeSentences, choiceSentence } from './change-words.js'
import { limitSentence, verdictSentences } from './verdict-words.js'

/** Findings, in sentences made from measured numbers alone. */
export interface Words {
  /** Sentences for each setting. */
  settings: { label: string; sentences: string[] }[]
  /** Sentences on what the settings change against their baseline. */
  changes: string[]
  /**
   * Sentence on the setting to use, where several were compared, and on the limit that was used;
   * empty when there is neither.
   */
  choice: string
}

export function wordsOf(view: ReportModel): Words {
  const settings = view.summaries.map((summary) => ({
    label: summary.label,
    sentences: settingSentences(view, summary),
  }))
  const isLimitMeant = settings.some(({ sentences }) =>
    sentences.some((sentence) => sentence.includes('the limit of ')),
  )
  const limit = isLimitMeant ? limitSentence(view.comparison) : undefined
  return {
    settings,
    changes: changeSentences(view),
    choice: [choiceSentence(view), limit].filter((one) => one !== undefined).join(' '),
  }
}

function settingSentences(view: ReportModel, summary: SettingSummary): string[] {
  if (summary.trials === 0) return [`No trial was completed${failures(summary)}; there is no verdict.`]
  const verdict = view.verdicts.find(({ label }) => label === summary.label)!
  return [
    ...(verdict.analysis === null ? [`No round of the ${view.comparison.judge} was recorded.`] : []),
    ...verdictSentences(verdict, view.comparison),
    ...peakSentence(view, summary),
    ...cleanupSentence(judgedTrials(view, summary.label)),
    ...periodSentence(view, summary.label),
    ...(summary.failedTrials > 0
      ? [
          `${count(summary.failedTrials, 'trial')} failed and ${summary.failedTrials === 1 ? 'is' : 'are'} not in these numbers.`,
        ]
      : []),
  ]
}

function peakSentence({ comparison }: ReportModel, { peakBytes, hasSampledPeaks }: SettingSummary): string[] {
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

/**
 * Explains where the period of a foreign program's cleanups comes from; the verdict looks for a
 * saw-tooth with that period.
 */
function periodSentence({ comparison }: ReportModel, label: string): string[] {
  const period = cleanupPeriodOf(comparison, label)
  if (period === undefined || period.rounds === 0 || period.from.kind === 'own axis') return []
  const every = period.rounds === 1 ? 'every round' : `every ${period.rounds} rounds`
  return period.from.kind === 'log'
    ? [`It cleans up ${every}, according to its log.`]
    : [`${period.from.axis}=${period.rounds} is taken to mean that it cleans up ${every}.`]
}

/** Returns, for each completed trial of a setting, the rounds of the judged role in order. */
function judgedTrials({ comparison }: ReportModel, label: string): RoundRecord[][] {
  return comparison.trials
    .filter((trial) => trial.setting === label && trial.state === 'completed')
    .map((trial) => judgedRounds(trial, comparison.judge))
}

function spreadWords({ low, high, values }: Spread): string {
  return values.length > 1
    ? `, the median of ${values.length} trials (${mib(low)} to ${mib(high)} MiB)`
    : ' (one trial)'
}

function failures({ failedTrials }: SettingSummary): string {
  return failedTrials === 0 ? '' : ` (${failedTrials} failed)`
}
