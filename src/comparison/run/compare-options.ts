import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import type { Shard } from '../../results/shard.js'
import type { ScheduledTrial } from '../plan/schedule.js'
export interface CompareOptions {
  /** Folder for the results, empty or absent. Default: `runs/<name>-<local time>`. */
  out?: string | undefined
  /** Part of the trials to run. Default: all. */
  shard?: Shard | undefined
  /** Words of the command line that planned it, for reports. */
  repeat?: readonly string[] | undefined
  /** Signal that ends the running trial and keeps what was measured. */
  signal?: AbortSignal | undefined
  onProgress?: ((event: ComparisonEvent) => void) | undefined
  /**
   * Called with the recorder of each trial before its processes start, to listen to its rounds and
   * samples.
   */
  onRecorder?: ((recorder: RecorderHandle, trial: ScheduledTrial) => void) | undefined
  /**
   * Whether to add rounds of one trial a setting until every expectation and the choice are
   * decided, up to the planned number.
   */
  untilDecided?: boolean | undefined
  /**
   * Called after every round of one trial a setting; returns whether the remaining trials can be
   * left out.
   */
  isDecided?: ((comparison: Comparison) => boolean) | undefined
}

/** Events of a running comparison. Round and RSS are those of the judged role. */
export type ComparisonEvent =
  | {
      kind: 'started'
      folder: string
      name: string
      judge: string
      settings: number
      trials: number
      trialsDone: number
      /** The comparison so far; trials are added to it. */
      comparison: Comparison
    }
  /** Work before the first trial: refs are checked out and built. */
  | { kind: 'preparing'; note: string }
  | { kind: 'trial-started'; trial: ScheduledTrial }
  | { kind: 'trial-progress'; trial: ScheduledTrial; round: number; rounds: number | null; rssBytes: number | null }
  /** What the user should know while a trial runs. */
  | { kind: 'note'; trial: ScheduledTrial; note: string }
  | { kind: 'trial-ended'; trial: ScheduledTrial; result: TrialResult }

export interface FinishedComparison {
  folder: string
  comparison: Comparison
  /**
   * Why it stopped before its trials had run: what the user asked for is missing, and no other
   * trial would find it.
   */
  mismatch?: string
}
