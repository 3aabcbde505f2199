import type { Comparison } from '../../src/experiment/comparison.js'
import { reportData } from '../../src/report/report-data.js'
import type { ReportView } from '../../src/report/view.js'
import { baselinesOf } from '../../src/verdict/baselines.js'
import { compareWithBaselines } from '../../src/verdict/difference.js'
import type { SettingSummary, Spread } from '../../src/verdict/setting-summary.js'
import { type ExampleOptions, exampleComparison } from './example-comparison.js'

/** The invented comparison as a report sees it. */
export function exampleView(options: ExampleOptions = {}): ReportView {
  const { comparison, recordings } = exampleComparison(options)
  const summaries = comparison.settings.map(({ label }) => exampleSummary(comparison, label))
  return {
    comparison,
    data: reportData(comparison, recordings),
    summaries,
    differences: compareWithBaselines(summaries, baselinesOf(comparison.settings)),
  }
}

function exampleSummary(comparison: Comparison, label: string): SettingSummary {
  const own = comparison.trials.filter(({ setting }) => setting === label)
  const completed = own.filter(({ state }) => state === 'completed')
  const rounds = completed.map((trial) => trial.rounds.filter(({ role }) => role === comparison.judge))
  const spread = (measure: (trial: number) => number): Spread | null => spreadOf(completed.map((_, i) => measure(i)))
  return {
    label,
    trials: completed.length,
    failedTrials: own.length - completed.length,
    initialRssBytes: spread((i) => completed[i]!.initialRssBytes ?? 0),
    peakBytes: spread((i) => Math.max(...rounds[i]!.map(({ peakBytes }) => peakBytes ?? 0))),
    hasSampledPeaks: rounds.flat().some(({ peakKind }) => peakKind === 'sampled'),
    endRssBytes: spread((i) => rounds[i]!.at(-1)!.end.rssBytes),
    increaseBytes: spread((i) => rounds[i]!.at(-1)!.end.rssBytes - (completed[i]!.initialRssBytes ?? 0)),
    floorBytes: spread((i) => Math.min(...rounds[i]!.slice(rounds[i]!.length / 2).map(({ end }) => end.rssBytes))),
    cleanupMsPerRound: spread(
      (i) => rounds[i]!.reduce((sum, { cleanup }) => sum + (cleanup?.totalMs ?? 0), 0) / rounds[i]!.length,
    ),
    roundMs: spread(
      (i) => rounds[i]!.reduce((sum, round) => sum + round.endedMs - round.startedMs, 0) / rounds[i]!.length,
    ),
    accuracy: spread((i) => rounds[i]!.at(-1)!.accuracy ?? 0),
  }
}

function spreadOf(values: number[]): Spread | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, low: sorted[0]!, high: sorted.at(-1)!, values }
}
