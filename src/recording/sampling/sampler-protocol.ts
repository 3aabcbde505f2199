import type { MemoryReading } from '../../shared/marks.js'
import type { SamplingFacts, TreePeak } from '../recording.js'

/**
 * How far apart peak, parts and threads of a process are read. The kernel keeps the peak, so a spike that came and went
 * meanwhile is in the next reading; one shortly before its end is lost.
 */
export interface StatusIntervals {
  /** While RSS is higher than every peak that was read. */
  risingMs: number
  /** While RSS is another than at the last reading. */
  movingMs: number
  /** As long as RSS stands still to the page. */
  idleMs: number
}

/** What the sampling thread is started with. */
export interface SamplerSettings {
  samplesFile: string
  intervalMs: number
  /** Find the descendants of what is added, too; null: only what is added is sampled. */
  tree: TreeSettings | null
  statusIntervals: StatusIntervals
  /** Tell the newest sample a few times a second. */
  tellLatest: boolean
  /** Tell when the sum of one sample passes this; null never does. */
  rssLimitBytes: number | null
  /** Set to tell the thread that it has messages, before the next sample is due. One 32-bit word. */
  bell: SharedArrayBuffer
}

export interface TreeSettings {
  /** `NAME=VALUE` that every launched process carries, by which orphans are found; null when we attached. */
  assignment: `${string}=${string}` | null
  /** What the paths of the cgroups of all its processes contain: the id of a container that we attached to. */
  containerId?: string
  /** The recorder, which is never in the sum, and neither is what it started for itself. */
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
  command: string[]
  firstSeenMs: number
  lastSeenMs: number
  /** The highest VmHWM that was read; null when none could be. */
  peakBytes: number | null
  /** The highest sample where it is above the peak, which was not read again after it; null otherwise. */
  aboveBytes: number | null
  /** The most of huge pages (hugetlbfs) that was read, which RSS leaves out. */
  hugetlbBytes: number
  /** It has become another program, whose peak began anew: what the one before took after the last reading is not known. */
  isReplaced: boolean
  highest: (MemoryReading & { timeMs: number }) | null
  last: (MemoryReading & { timeMs: number; threads: number; openFiles: number | null }) | null
  /** Steps of the bytes that a sum counts in another process already, see `RecordedProcess.overlap`. */
  overlap?: [timeMs: number, bytes: number][]
  /** Only of one that has ended, where its parent had not asked yet. */
  exit: { code: number | null; signal: string | null } | null
}

export type FromSampler =
  /** The thread is up. Writing to the descriptor wakes it; where there is none, notifying the bell does. */
  | { kind: 'ready'; wakeDescriptor: number | null }
  /** A new descendant, or one that has become another program by exec. */
  | { kind: 'found' | 'renamed'; process: SampledProcess }
  | { kind: 'gone'; process: SampledProcess }
  /** The newest sample, a few times a second at most; pairs of pid and RSS. */
  | { kind: 'latest'; timeMs: number; rss: [pid: number, rssBytes: number][] }
  /** What is known so far of the living, and of the sampling itself: every few seconds and at the end. */
  | { kind: 'progress' | 'stopped'; processes: SampledProcess[]; sampling: SamplingFacts; treePeak: TreePeak | null }
  | { kind: 'over-limit'; timeMs: number; rssBytes: number }
  /** Samples can no longer be written; sampling goes on for the limit and the progress. */
  | { kind: 'failed'; code: string; message: string }
