import type { RecorderHandle } from '../../recording/recorder-handle.js'
import type { Comparison, TrialResult } from '../../results/comparison.js'
import type { Shard } from '../../results/shard.js'
import type { ScheduledTrial } from '../plan/schedule.js'
export interface CompareOptions {
  /** Folder for the results, empty or absent; `runs/<name>-<local time>` when left out. */
  out?: string | undefined
  /** Run this part of the trials alone. */
  shard?: Shard | undefined
  /** The words of the command line that it was planned by, for reports. */
  repeat?: readonly string[] | undefined
  /** Ends the trial that runs and keeps what was measured. */
  signal?: AbortSignal | undefined
  onProgress?: ((event: ComparisonEvent) => void) | undefined
  /** Called with the recorder of each trial before its processes start: its rounds and samples can be listened to. */
  onRecorder?: ((recorder: RecorderHandle, trial: ScheduledTrial) => void) | undefined
  /** Add trials in rounds of one a setting until every expectation and the choice are decided, at most as many as planned. */
  untilDecided?: boolean | undefined
  /** Asked after every round of trials, one of each setting: whether the others can be left out. */
  isDecided?: ((comparison: Comparison) => boolean) | undefined
}

/** What happens while a comparison runs. Round and RSS are those of the judged role. */
export type ComparisonEvent =
  | {
      kind: 'started'
      folder: string
      name: string
      judge: string
      settings: number
      trials: number
      trialsDone: number
      /** As it stands; trials are added to it. */
      comparison: Comparison
    }
  /** What is done before the first trial: refs are checked out and built. */
  | { kind: 'preparing'; note: string }
  | { kind: 'trial-started'; trial: ScheduledTrial }
  | { kind: 'trial-progress'; trial: ScheduledTrial; round: number; rounds: number | null; rssBytes: number | null }
  /** What the user should know while a trial runs. */
  | { kind: 'note'; trial: ScheduledTrial; note: string }
  | { kind: 'trial-ended'; trial: ScheduledTrial; result: TrialResult }

export interface FinishedComparison {
  folder: string
  comparison: Comparison
  /** Why it stopped before its trials had run: what was asked for is not there, and no other trial would find it. */
  mismatch?: string
}
