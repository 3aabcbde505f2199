import type { TrialResult } from './comparison.js'
import type { ComparisonPlan } from './plan.js'
import type { ScheduledTrial } from './schedule.js'
import type { Setting } from './settings.js'
import type { Workload } from './workloads/workload.js'

export interface TrialOrder {
  trial: ScheduledTrial
  setting: Setting
  plan: ComparisonPlan
  workload: Workload
  comparisonFolder: string
  /** Relative to the comparison's folder; it exists and is empty. */
  folder: string
  signal: AbortSignal | undefined
  onProgress(progress: { round: number; rounds: number | null; rssBytes: number | null }): void
}

export function runTrial(_order: TrialOrder): Promise<{ result: TrialResult; modelBytes: number | null }> {
  return Promise.reject(new Error('not yet'))
}
