import type { MemoryReading } from '../../shared/marks.js'
import type { SamplingFacts, TreePeak } from '../recording.js'

/**
 * Intervals between readings of the peak, parts and threads of a process. The kernel keeps the
 * peak, so a spike in between is in the next reading; a spike shortly before the end of the process
 * is lost.
 */
export interface StatusIntervals {
  /** Interval while RSS is above every peak that was read. */
  risingMs: number
  /** Interval while RSS differs from the last reading. */
  movingMs: number
  /** Interval while RSS does not change by a page. */
  idleMs: number
}

/**
 * Default intervals. Shorter ones would only cost more: the kernel's peak loses nothing between two
 * readings.
 */
export const STATUS_INTERVALS: StatusIntervals = { risingMs: 50, movingMs: 250, idleMs: 500 }

/** Settings with which the sampling thread starts. */
export interface SamplerSettings {
  samplesFile: string
  intervalMs: number
  /** Settings for finding the descendants of added processes; null to sample only what is added. */
  tree: TreeSettings | null
  statusIntervals: StatusIntervals
  /** Interval at which to report the newest sample; null: never. */
  latestIntervalMs: number | null
  /** Sum of one sample that is reported when it is exceeded; null for none. */
  rssLimitBytes: number | null
  /**
   * One 32-bit word, set to notify the thread that it has messages before the next sample is due.
   */
  bell: SharedArrayBuffer
}

export interface TreeSettings {
  /**
   * `NAME=VALUE` that every launched process carries, by which orphans are found; null when
   * attached.
   */
  assignment: `${string}=${string}` | null
  /**
   * Text in the paths of the cgroups of all its processes: the id of a container that we attached
   * to.
   */
  containerId?: string
  /**
   * Pid of the recorder. The recorder and the processes it started for itself are never in the sum.
   */
  recorderPid: number
}

export interface ProcessToSample {
  pid: number
  startTicks: number
}

export type ToSampler = { kind: 'add'; process: ProcessToSample } | { kind: 'stop' }

/** A process as the sampling thread knows it. */
export interface SampledProcess {
  pid: number
  startTicks: number
  parentPid: number | null
  /** Command line; empty if it could not be read, as in the midst of an exit. */
  command: string[]
  /** The kernel's name of the process, for one whose command line was never read. */
  name: string
  firstSeenMs: number
  lastSeenMs: number
  /** Highest VmHWM that was read; null if none could be. */
  peakBytes: number | null
  /** Highest sample, if above the peak and the peak was not read after it; null otherwise. */
  aboveBytes: number | null
  /** Highest reading of huge pages (hugetlbfs), which RSS leaves out. */
  hugetlbBytes: number
  /**
   * Whether it became another program, which started a new peak: what the first one took after its
   * last reading is unknown.
   */
  isReplaced: boolean
  highest: (MemoryReading & { timeMs: number }) | null
  last: (MemoryReading & { timeMs: number; threads: number; openFiles: number | null }) | null
  /**
   * Steps of the bytes that a sum already counts in another process, see `RecordedProcess.overlap`.
   */
  overlap?: [timeMs: number, bytes: number][]
  /** Set only for a process that has ended and that its parent had not waited for yet. */
  exit: { code: number | null; signal: string | null } | null
}

/** The running processes and the sampling as known so far. */
export interface KnownSoFar {
  processes: SampledProcess[]
  sampling: SamplingFacts
  treePeak: TreePeak | null
}

export type FromSampler =
  /**
   * The thread is up. Writing to the descriptor wakes it; if there is none, notifying the bell
   * does.
   */
  | { kind: 'ready'; wakeDescriptor: number | null }
  /** A new descendant, or a process that has become another program by exec. */
  | { kind: 'found' | 'renamed'; process: SampledProcess }
  | { kind: 'gone'; process: SampledProcess }
  /** The newest sample, every `latestIntervalMs` at most, as pairs of pid and RSS. */
  | { kind: 'latest'; timeMs: number; rss: [pid: number, rssBytes: number][] }
  /** Every few seconds and at the end. */
  | ({ kind: 'progress' | 'stopped' } & KnownSoFar)
  | { kind: 'over-limit'; timeMs: number; rssBytes: number }
  /** Samples can no longer be written. Sampling continues for the limit and the progress. */
  | { kind: 'failed'; code: string; message: string }
