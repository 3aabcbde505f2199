import type { HeapDiffOptions } from '../../recording/heap/heap-order.js'
import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { Setting } from '../../results/setting.js'
import type { MachineFacts } from '../../shared/machine-facts.js'
import type { ComparisonPlan } from '../plan/plan.js'
import type { ScheduledTrial } from '../plan/schedule.js'
import type { Workload } from '../workloads/workload.js'
import type { TrialProgress } from './trial-progress.js'
export interface TrialOrder {
  trial: ScheduledTrial
  setting: Setting
  plan: ComparisonPlan
  workload: Workload
  machine: MachineFacts
  comparisonFolder: string
  /** Folder of the trial, relative to the comparison's folder; it exists and is empty. */
  folder: string
  /** Interval of probes, set for a probe trial. */
  probeEvery?: number | undefined
  /** Set for a heap trial, which is not one of the measured trials. */
  heapDiff?: HeapDiffOptions | undefined
  signal: AbortSignal | undefined
  onProgress(progress: TrialProgress): void
  /** Called when the trial's processes are about to start. */
  onRecorder?(recorder: RecorderHandle): void
  /** Called with what the user should know while the trial runs. */
  onNote(note: string): void
}
