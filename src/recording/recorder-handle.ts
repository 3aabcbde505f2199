import type { EventEmitter } from 'node:events'
import type { CgroupPlace } from '../linux/memory/cgroup.js'
import type { TidemarkError } from '../shared/errors.js'
import type { MachineFacts } from '../shared/machine-facts.js'
import type { Mark } from '../shared/marks.js'
import type { PeakReader } from './peaks/peak-readers.js'
import type { TreeRounds } from './peaks/tree-rounds.js'
import type { RoundEvent } from './processes/observer.js'
import type { RolePattern } from './processes/process-name.js'
import type { LimitNow } from './processes/recorded-cgroup.js'
import type { ProcessExit, RecordedProcess, RecordingMetadata, RoundRecord } from './recording.js'
import type { TreeSettings } from './sampling/sampler-protocol.js'

export interface RecordingOptions {
  /** Folder of the recording, created if missing. An earlier recording in it is overwritten. */
  folder: string
  /** The command line, or what was attached to. */
  command: readonly string[]
  setting: Record<string, string | number>
  machine: MachineFacts
  /** Samples a second, 1 to 1000. */
  rateHz: number
  /**
   * File to which programs append their marks, TIDEMARK_MARKS. Default: `marks.ndjson` in the
   * folder.
   */
  marksFile?: string
  /**
   * Settings for finding and recording the descendants of added processes. Default: only what is
   * added.
   */
  tree?: TreeSettings
  /** Roles for descendants. */
  roles?: readonly RolePattern[]
  /**
   * Whether to reset the peaks of processes; otherwise peaks of rounds are sampled. Default: true.
   */
  resetPeaks?: boolean
  /**
   * Whether processes write whole marks with exact peaks, as our own roles do. No mark then waits
   * for us to measure, so marks and the kernel's peaks are read a few times a second. Default:
   * false.
   */
  areMarksWhole?: boolean
  /** Interval at which to record PSS and USS too. Default: never. */
  sharedIntervalMs?: number
  /**
   * Whether the processes ran before: their peaks are then reset when they are added, so that peaks
   * of rounds belong to this recording.
   */
  isAttached?: boolean
  /** Interval at which to supply `latest()`, which wakes this thread; null: never. Default: 1 s. */
  latestIntervalMs?: number | null
  /** Sum of one sample above which `onOverLimit` is called. */
  rssLimitBytes?: number
}

export interface ProcessToRecord {
  pid: number
  /**
   * Whether role and name come from its command line, and follow it when it becomes another program
   * or changes its title.
   */
  isNamedByCommand?: boolean
  role: string
  name: string
  command: readonly string[]
}

/** When the program ran, in Unix ms: the recorder begins before that and ends after it. */
export interface Span {
  startedMs: number
  endedMs: number
}

/** Events of a recorder, each with the arguments of its listeners. */
export interface RecorderEvents {
  /** A program has written a whole mark. */
  mark: [mark: Mark]
  /** The sum of a sample is above `rssLimitBytes`. */
  overLimit: [rssBytes: number]
  /**
   * The recording can no longer be written. Emitted once. What was written is kept; the programs
   * are left alone.
   */
  failure: [error: TidemarkError]
  /** A process has ended, found or added. */
  gone: [pid: number]
  /** A round has ended, whatever the source. */
  round: [round: number]
  /**
   * Records were read at the end of a round: of all processes at once, or of a process that writes
   * its own marks.
   */
  roundRecords: [records: RoundRecord[]]
  /** The newest sample, every `latestIntervalMs`. */
  latest: [timeMs: number, rss: ReadonlyMap<number, number>]
  /** A log has reported that the work is done, and the last round is written. */
  workDone: []
}

export interface RecorderHandle extends Pick<EventEmitter<RecorderEvents>, 'on'> {
  readonly folder: string
  /** Absolute path for the environment of launched programs. */
  readonly marksFile: string
  add(process: ProcessToRecord): void
  /** Notes how a process ended, for callers that know. */
  exited(pid: number, exit: ProcessExit): void
  /**
   * Returns the RSS of the running processes at the newest reported sample, a few times a second.
   */
  latest(): ReadonlyMap<number, number>
  /** Returns all processes so far, including ended ones. */
  processes(): RecordedProcess[]
  /** Returns the running processes. */
  running(): RecordedProcess[]
  /** Returns the pids of the running processes with a role. */
  pidsOf(role: string): number[]
  /**
   * Opens a reader of the peaks of all processes since its last reading. Readers do not disturb
   * each other, nor the peaks of rounds.
   */
  peakReader(): PeakReader
  /**
   * Reads the peak of the whole tree at the end of each round, from a cgroup that the program has
   * to itself.
   *
   * @param isNew whether it was made for the program, so that its first round began with it
   */
  recordCgroup(place: CgroupPlace, how: { isNew: boolean }): void
  /** Reads the limit of memory that binds the processes, and how much of it is used. */
  limit(): LimitNow
  /** Peaks of the program's own cgroup; null if it has none. */
  readonly tree: TreeRounds | null
  /** Notes that a log reports that the work is done. */
  workIsDone(): void
  /** Copies a line of marks that was written elsewhere. */
  copyMark(line: string): void
  /** Takes in a round that a log reports. */
  onRoundEvent(event: RoundEvent): void
  /** Adds a warning for every reader of the recording. */
  warn(message: string): void
  /**
   * Ends sampling and writes the metadata. A recording that could not be written to its end is
   * `failed`, whatever `state` says.
   */
  finish(state: 'completed' | 'failed' | 'stopped', reason: string | null, span?: Span): Promise<RecordingMetadata>
}
