import type { Recording } from '../../recording/recording.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import type { Choice } from '../../verdict/choose-setting.js'
import { baselinesOf } from '../../verdict/difference/baselines.js'
import { seededRandom } from '../../verdict/difference/compare-settings.js'
import { compareWithBaselines, type SettingDifference } from '../../verdict/difference/difference.js'
import { type SettingSummary, summarizeSetting } from '../../verdict/difference/setting-summary.js'
import { judgeSetting, limitOf, type SettingVerdict } from '../../verdict/difference/setting-verdict.js'
import { choiceOf } from '../../verdict/is-decided.js'
import { shortLabels } from '../terminal/short-labels.js'
import { type ReportData, reportData } from './report-data.js'

/**
 * Everything that a report says: what was run, what each setting did, how it differs from its
 * baseline, and what to draw.
 */
export interface ReportModel {
  comparison: Comparison
  /** Folder of the results, relative to the current folder. */
  folder?: string
  data: ReportData
  /** Summaries in the order of the settings. */
  summaries: SettingSummary[]
  /** Verdicts in the order of the settings. */
  verdicts: SettingVerdict[]
  /** Differences, one for each setting that has a baseline; the first setting has none. */
  differences: SettingDifference[]
  /** Setting to use. */
  choice: Choice
}

/**
 * Builds the model of a report.
 *
 * @param recordingOf returns the recording of a trial, or undefined where it is lost; called for
 *   one trial at a time
 */
export function reportModel(
  comparison: Comparison,
  recordingOf: (trial: TrialResult) => Recording | undefined,
): ReportModel {
  const { settings, trials, judge } = comparison
  const summaries = settings.map(({ label }) => {
    const own = trials.filter(({ setting }) => setting === label)
    return summarizeSetting(label, own, { judge })
  })
  const choice = choiceOf(comparison, summaries)
  return {
    comparison,
    data: { ...reportData(comparison, recordingOf), overview: overviewOf(comparison, choice) },
    summaries,
    verdicts: summaries.map((summary) => judgeSetting(comparison, summary)),
    differences: compareWithBaselines(summaries, baselinesOf(settings), {
      random: seededRandom(comparison.seed),
      looks: comparison.looks,
    }),
    choice,
  }
}

/** Longest name beside a line; longer ones would leave it no room and become letters. */
const LONGEST_NAME = 22

function overviewOf(comparison: Comparison, { label }: Choice): NonNullable<ReportData['overview']> {
  const settings = comparison.settings.map((one) => one.label)
  const { labels } = shortLabels(settings, LONGEST_NAME)
  const limit = limitOf(comparison)
  return {
    settings,
    names: Object.fromEntries(settings.map((setting, i) => [setting, labels[i]!])),
    chosen: label,
    limit: limit.name === 'the memory of the machine' ? null : limit,
  }
}
