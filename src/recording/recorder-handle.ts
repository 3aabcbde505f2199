import type { CgroupPlace } from '../linux/memory/cgroup.js'
import type { TidemarkError } from '../shared/errors.js'
import type { MachineFacts } from '../shared/machine-facts.js'
import type { Mark } from '../shared/marks.js'
import type { PeakReader } from './peaks/peak-readers.js'
import type { TreeRounds } from './peaks/tree-rounds.js'
import type { RoundEvent } from './processes/observer.js'
import type { RolePattern } from './processes/process-name.js'
import type { RecordedProcess, RecordingMetadata, RoundRecord } from './recording.js'
import type { TreeSettings } from './sampling/sampler-protocol.js'

export interface RecordingOptions {
  /** Made if it is not there. What an earlier recording left in it is overwritten. */
  folder: string
  /** The command line, or what was attached to. */
  command: readonly string[]
  setting: Record<string, string | number>
  machine: MachineFacts
  /** 1 to 1000 samples a second. */
  rateHz: number
  /** Where programs append their marks, TIDEMARK_MARKS. Default: `marks.ndjson` in the folder. */
  marksFile?: string
  /** Find and record the descendants of what is added. Default: only what is added. */
  tree?: TreeSettings
  /** Names for descendants. */
  roles?: readonly RolePattern[]
  /** False never resets the peak of a process; peaks of rounds are then sampled. Default: true. */
  resetPeaks?: boolean
  /**
   * The processes write their marks whole, with exact peaks, as our own roles do: no mark waits for us to measure, so that
   * marks are read, and the kernel's peaks looked up, a few times a second. Default: false.
   */
  areMarksWhole?: boolean
  /** Record PSS and USS too, this often. Default: not at all. */
  sharedIntervalMs?: number
  /** The processes ran before: their peaks are reset when they are added, so that those of rounds are of this recording. */
  isAttached?: boolean
  /** False where nobody asks for `latest()`: telling it wakes this thread twice a second. Default: true. */
  tellLatest?: boolean
  /** Call `onOverLimit` when the sum of one sample passes this. */
  rssLimitBytes?: number
}

export interface ProcessToRecord {
  pid: number
  /** True when role and name come from its command line, and follow it when it becomes another program or changes its title. */
  isNamedByCommand?: boolean
  role: string
  name: string
  command: readonly string[]
}

/** How long the program ran, in Unix ms: the recorder begins before it, and ends after it. */
export interface Span {
  startedMs: number
  endedMs: number
}

export interface RecorderHandle {
  readonly folder: string
  /** Absolute; for the environment of what is launched. */
  readonly marksFile: string
  add(process: ProcessToRecord): void
  /** How a process ended, where its owner knows. */
  exited(pid: number, exit: { code: number | null; signal: string | null; outOfMemory?: boolean }): void
  /** RSS of the living processes at the newest sample that was told, a few times a second. */
  latest(): ReadonlyMap<number, number>
  /** All processes so far, those that have ended as well. */
  processes(): RecordedProcess[]
  /** Those that run now. */
  running(): RecordedProcess[]
  /** The processes of a role that run now, by pid. */
  pidsOf(role: string): number[]
  /** Peaks of all processes since the same reader asked last; readers do not take each other's, nor those of rounds. */
  peakReader(): PeakReader
  /**
   * The program has this cgroup to itself: the peak of the whole tree is read from it at the end of each round.
   *
   * @param isNew it was made for the program, so that its first round began with it
   */
  recordCgroup(place: CgroupPlace, how: { isNew: boolean }): void
  /** Peaks of the program's own cgroup; null where it has none. */
  readonly tree: TreeRounds | null
  onMark(listener: (mark: Mark) => void): void
  onOverLimit(listener: (rssBytes: number) => void): void
  /** Called once when the recording can no longer be written. What was written is kept; the programs are left alone. */
  onFailure(listener: (error: TidemarkError) => void): void
  /** Called when a process has ended, found or added. */
  onGone(listener: (pid: number) => void): void
  /** Called when a round has ended, whoever told of it. */
  onRound(listener: (round: number) => void): void
  /** Called with what was read at the end of a round: of all processes at once, or of one that writes its own marks. */
  onRoundRecords(listener: (records: RoundRecord[]) => void): void
  /** Called with the newest sample, a few times a second, where `tellLatest` is on. */
  onLatest(listener: (timeMs: number, rss: ReadonlyMap<number, number>) => void): void
  /** Called when a log has told that the work is done, and the last round is written. */
  onWorkDone(listener: () => void): void
  /** A log tells that the work is done. */
  workIsDone(): void
  /** Takes in a line of marks that was written elsewhere. */
  copyMark(line: string): void
  /** A round that a log tells of. */
  onRoundEvent(event: RoundEvent): void
  /** Something that every reader of the recording must know. */
  warn(message: string): void
  /** Ends sampling and writes the head. A recording that could not be written to its end is `failed`, whatever is given. */
  finish(state: 'completed' | 'failed' | 'stopped', reason: string | null, span?: Span): Promise<RecordingMetadata>
}
