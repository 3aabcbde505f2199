/**
 * A recording: the measurements of one trial or one command. These are the shapes of what its
 * folder holds; docs/file-formats.md describes each file. Units are bytes and milliseconds; a value
 * that was not read is null, never zero.
 */
import type { MachineFacts, SamplingLoop } from '../shared/machine-facts.js'
import type { AttributionMark, CleanupRecord, MemoryReading } from '../shared/marks.js'
import type { PeakKind } from './peaks/peak-kind.js'
import type { TreeRound } from './peaks/tree-rounds.js'

/** `recording.json`, written at the start and again at the end. */
export interface RecordingMetadata {
  format: 'tidemark-recording/1'
  /** The command line, or what was attached to. */
  command: string[]
  /**
   * Settings of the recording, for example `{ serverMemoryGcRounds: 5, arenaMax: 4 }`; empty if
   * none.
   */
  setting: Record<string, string | number>
  /** Unix time in ms. */
  startedMs: number
  endedMs: number | null
  /** State of the recording; `running` after its end means that the recorder was killed. */
  state: 'running' | 'completed' | 'failed' | 'stopped'
  /** Why it failed or stopped, in a sentence. */
  reason: string | null
  machine: MachineFacts
  sampling: SamplingFacts
  processes: RecordedProcess[]
  /**
   * Highest sum of one sample, a lower bound. The processes' own peaks may fall at different times,
   * so they are not added up. Absent before the first sample.
   */
  treePeak?: TreePeak
  /** The memory cgroup of the first process, at the end; absent if there is none. */
  cgroup?: CgroupFacts
  /** Warnings for every reader, as far as the recorder knew them. */
  warnings?: string[]
}

export interface TreePeak {
  timeMs: number
  rssBytes: number
  /** Number of processes in the sum. */
  processes: number
  /**
   * Shared pages of forked processes that the sum leaves out, so that each counts once; absent if
   * none are shared.
   */
  overlapBytes?: number
}

export interface CgroupFacts {
  limitBytes: number | null
  /** The cgroup's own high-water mark since it was made, including page cache and kernel memory. */
  peakBytes: number | null
  /**
   * What counted against the limit while the processes ran, at the last samples: of all processes
   * that share the limit, without page cache that can be reclaimed. Absent without a limit.
   */
  usedBytes?: number
  /**
   * Whether it was made for the program, or is the container's that was attached to: its peaks of
   * rounds are in `marks.ndjson`.
   */
  isOwn?: boolean
  /**
   * Whether only the recorded processes and the recorder were in it, so that its peak is theirs.
   */
  isAlone: boolean
}

export interface SamplingFacts {
  askedIntervalMs: number
  /** Measured mean time between two samples; null before the second. */
  achievedIntervalMs: number | null
  samples: number
  /**
   * Number of readings that worked, and of those that failed because the process was gone or could
   * not be read.
   */
  readings: { read: number; gone: number; unreadable: number }
  /** Number of samples left out because the one before came too late. */
  missed?: number
  /** Time between the planned and the actual moment of a sample; null before the first. */
  jitterMs?: { median: number; p99: number; max: number } | null
  /** Processor time of the sampling thread; null if the kernel does not report it. */
  costMs?: number | null
  /**
   * Language of the loop that takes plain samples: C if there is a compiler (sampling-loop.c), for
   * less processor time, else JavaScript.
   */
  loop?: SamplingLoop
  /**
   * Descendants that were found, those that ended before they could be read, and those that could
   * not be read, by the system's error code.
   */
  processes?: { seen: number; vanished: number; unreadable: number; unreadableCodes?: Record<string, number> }
}

export interface RecordedProcess {
  pid: number
  /** Pid that the process has in its own PID namespace, as in a container; absent outside one. */
  innerPid?: number
  /** Field 22 of /proc/PID/stat, clock ticks since boot; distinguishes a reused pid. */
  startTicks: number
  parentPid: number | null
  /** `server`, `client`, or a role named by a pattern; `process` if no pattern names it. */
  role: string
  /** Name within the role, for example `site-1`, or the program's name. */
  name: string
  command: string
  firstSeenMs: number
  lastSeenMs: number
  /**
   * Allocator that is actually loaded, from the process's maps or its own start mark; null if it
   * could not be read.
   */
  allocator: string | null
  /** Highest VmHWM read over the whole recording, with how it is known. */
  peakBytes: number | null
  peakKind: PeakKind
  /** Whether it ended while it was recorded. */
  isGone?: boolean
  /**
   * Highest reading of huge pages (hugetlbfs). They are resident, but neither RSS nor the peak
   * counts them. Absent: none.
   */
  hugetlbBytes?: number
  /**
   * Whether it became another program while it was recorded (`exec`): its memory just before was
   * not read.
   */
  isReplaced?: boolean
  /**
   * Overlap of a forked process and its parent: resident bytes that already count in another of
   * them (RSS minus PSS), with the time from which they do. Sums over processes subtract them.
   * Absent if nothing is shared.
   */
  overlap?: [timeMs: number, bytes: number][]
  /**
   * Exit code or signal of the command, and of processes that their parent had not yet waited for
   * when the recorder looked; null otherwise or while it runs.
   */
  exit: ProcessExit | null
  /** The reading at which PSS was highest, with `--pss`. */
  shared?: { timeMs: number; pssBytes: number; ussBytes: number }
  /**
   * The status reading at which RSS was highest, with its parts; a lower bound beside `peakBytes`.
   */
  highest?: MemoryReading & { timeMs: number }
  /** The last reading. */
  last?: MemoryReading & { timeMs: number; threads: number; openFiles: number | null }
}

export interface ProcessExit {
  code: number | null
  signal: string | null
  /** Whether the kernel killed it for memory. */
  outOfMemory?: boolean
  /** Round in which the kernel killed it, where rounds were reported. */
  round?: number
}

/**
 * One line of `samples.ndjson`: RSS of every process at one moment. A process that could not be
 * read is left out.
 */
export interface Sample {
  timeMs: number
  rss: [pid: number, rssBytes: number][]
}

/** Pid of a round record that stands for several processes together. */
export const COMBINED_PID = 0

/**
 * The record of one role's process in one round: from its own marks, or read from outside at the
 * boundary.
 */
export interface RoundRecord {
  role: string
  name: string
  pid: number
  round: number
  startedMs: number
  endedMs: number
  peakBytes: number | null
  peakKind: PeakKind
  /** Reading when the round's work is done, before cleanup. */
  work: MemoryReading | null
  /**
   * End RSS and its parts, at the very end of the round, after cleanup if one ran. Shapes are
   * judged on this.
   */
  end: MemoryReading
  cleanup: CleanupRecord | null
  /**
   * Whether its end may have been reported late, by a log without time stamps that came through
   * another process.
   */
  approximate?: boolean
  /** When a foreign program's log reported a cleanup in this round. */
  cleanupMs?: number
  accuracy: number | null
  /** Peer of a swarm that aggregated this round. */
  aggregator?: string
}

/** A recording, read back whole. */
export interface Recording {
  folder: string
  head: RecordingMetadata
  samples: Sample[]
  rounds: RoundRecord[]
  /**
   * Rounds of the whole tree, read from its cgroup; absent without `--cgroup` or an attached
   * container.
   */
  tree?: TreeRound[]
  /** RSS of each process before the model was loaded, from its start mark. */
  initial: { role: string; name: string; pid: number; memory: MemoryReading }[]
  attribution: AttributionMark[]
  /** Rounds that did not commit, with attempt and reason. */
  failedRounds: { round: number; attempt: number; reason: string; timeMs: number }[]
  /** Bytes of one full set of weights, M, if a ready mark reported it. */
  modelBytes: number | null
  /** Warnings for the readers of every output, for example that peaks are sampled. */
  warnings: string[]
}
