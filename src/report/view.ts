import type { Comparison } from '../experiment/comparison.js'
import type { SettingDifference } from '../verdict/difference.js'
import type { SettingSummary } from '../verdict/setting-summary.js'
import type { ReportData } from './report-data.js'

/** All that a report says: what was run, what each setting did, how it differs from the baseline, and what to draw. */
export interface ReportView {
  comparison: Comparison
  data: ReportData
  /** In the order of the settings. */
  summaries: SettingSummary[]
  /** One for each setting that has a baseline; the baseline itself has none. */
  differences: SettingDifference[]
}
