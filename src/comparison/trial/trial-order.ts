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
  /** Relative to the comparison's folder; it exists and is empty. */
  folder: string
  /** Set for a trial that is probed on the way. */
  probeEvery?: number | undefined
  /** Set for a trial in which the heap is measured. It is none of the measured ones. */
  heapDiff?: HeapDiffOptions | undefined
  signal: AbortSignal | undefined
  onProgress(progress: TrialProgress): void
  /** The trial's processes are about to start. */
  onRecorder?(recorder: RecorderHandle): void
  /** What the user should know while the trial runs. */
  onNote(note: string): void
}
