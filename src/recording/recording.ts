/**
 * A recording: what was measured of one trial or one command. These are the shapes of what its folder holds; each file is
 * described in docs/file-formats.md. Bytes and milliseconds throughout; a value that was not read is null, never zero.
 */
import type { MachineFacts } from '../shared/machine-facts.js'
import type { AttributionMark, CleanupRecord, MemoryReading } from '../shared/marks.js'
import type { PeakKind } from './peaks/peak-kind.js'
import type { TreeRound } from './peaks/tree-rounds.js'

/** `recording.json`, written at the start and again at the end. */
export interface RecordingMetadata {
  format: 'tidemark-recording/1'
  /** The command line, or what was attached to. */
  command: string[]
  /** What the recording was made under, for example `{ serverMemoryGcRounds: 5, arenaMax: 4 }`; empty when nothing was set. */
  setting: Record<string, string | number>
  /** Unix time in ms. */
  startedMs: number
  endedMs: number | null
  /** `running` after the end means that the recorder was killed. */
  state: 'running' | 'completed' | 'failed' | 'stopped'
  /** Why it failed or stopped, in a sentence. */
  reason: string | null
  machine: MachineFacts
  sampling: SamplingFacts
  processes: RecordedProcess[]
  /** The highest sum of one sample, a lower bound: the processes' own peaks need not fall together. Absent before the first. */
  treePeak?: TreePeak
  /** The memory cgroup of the first process, at the end; absent where there is none. */
  cgroup?: CgroupFacts
  /** What every reader must know, as far as the recorder knew it. */
  warnings?: string[]
}

export interface TreePeak {
  timeMs: number
  rssBytes: number
  /** How many processes the sum covers. */
  processes: number
  /** Shared pages of forked processes that the sum leaves out, so that each counts once; absent where none are shared. */
  overlapBytes?: number
}

export interface CgroupFacts {
  limitBytes: number | null
  /** The cgroup's own high-water mark since it was made; page cache and kernel memory count in it. */
  peakBytes: number | null
  /** True when it was made for the program, or is the container's that was attached to: its peaks of rounds are in `marks.ndjson`. */
  isOwn?: boolean
  /** True when nobody but the recorded processes and the recorder was in it, so that its peak is theirs. */
  isAlone: boolean
}

export interface SamplingFacts {
  askedIntervalMs: number
  /** Mean distance of two samples, measured; null before the second one. */
  achievedIntervalMs: number | null
  samples: number
  /** Readings that worked, and those that did not because the process was gone or could not be read. */
  readings: { read: number; gone: number; unreadable: number }
  /** Moments of sampling that were left out because the one before came too late. */
  missed?: number
  /** How far from its planned moment a sample was taken; null before the first. */
  jitterMs?: { median: number; p99: number; max: number } | null
  /** Processor time of the sampling thread; null where the kernel does not tell. */
  costMs?: number | null
  /** In what the plain samples are taken: C where there is a compiler (sampling-loop.c), for less processor time; else JavaScript. */
  loop?: 'c' | 'javascript'
  /** Descendants that were found, those that ended before they could be read, and those that could not be read, by the system's error code. */
  processes?: { seen: number; vanished: number; unreadable: number; unreadableCodes?: Record<string, number> }
}

export interface RecordedProcess {
  pid: number
  /** Its pid in a PID namespace of its own, as in a container, by which it knows itself; absent where it has none. */
  innerPid?: number
  /** Field 22 of /proc/PID/stat, clock ticks since boot; tells a re-used pid apart. */
  startTicks: number
  parentPid: number | null
  /** `server`, `client`, or a role named by a pattern; `process` when nothing named it. */
  role: string
  /** The name within the role, for example `site-1`, or the program's name. */
  name: string
  command: string
  firstSeenMs: number
  lastSeenMs: number
  /** The allocator really loaded, from the process's maps or its own start mark; null when it could not be read. */
  allocator: string | null
  /** The highest VmHWM read over the whole recording, and how it is known. */
  peakBytes: number | null
  peakKind: PeakKind
  /** True when it ended while it was recorded. */
  isGone?: boolean
  /** The most of huge pages (hugetlbfs) that was read. They are resident, and neither RSS nor the peak counts them. Absent: none. */
  hugetlbBytes?: number
  /** True when it became another program while it was recorded (`exec`): what it took just before was read by nobody. */
  isReplaced?: boolean
  /**
   * Of a forked process and its parent: how many of its resident bytes count in another of them already (RSS minus PSS), from
   * which time on. A sum over processes leaves them out. Absent where nothing is shared.
   */
  overlap?: [timeMs: number, bytes: number][]
  /**
   * Exit code or signal, of the command and of those whose parent had not yet asked after them when the recorder looked;
   * null otherwise or while it runs.
   */
  exit: { code: number | null; signal: string | null; outOfMemory?: boolean } | null
  /** With `--pss`: the reading at which PSS was highest. */
  shared?: { timeMs: number; pssBytes: number; ussBytes: number }
  /** The sample of status at which RSS was highest, and its parts; a lower bound beside `peakBytes`. */
  highest?: MemoryReading & { timeMs: number }
  /** The last reading. */
  last?: MemoryReading & { timeMs: number; threads: number; openFiles: number | null }
}

/** One line of `samples.ndjson`: RSS of every process at one moment. A process that could not be read is left out. */
export interface Sample {
  timeMs: number
  rss: [pid: number, rssBytes: number][]
}

/** The pid of a round record that stands for several processes together. */
export const COMBINED_PID = 0

/** What is known of one role's process in one round: from its own marks, or read from outside at the boundary. */
export interface RoundRecord {
  role: string
  name: string
  pid: number
  round: number
  startedMs: number
  endedMs: number
  peakBytes: number | null
  peakKind: PeakKind
  /** When the round's work is done, before cleanup. */
  work: MemoryReading | null
  /** End RSS and its parts, at the very end of the round, after cleanup if one ran. Shapes are judged on this. */
  end: MemoryReading
  cleanup: CleanupRecord | null
  /** Its end was told late, perhaps: by a log without time stamps that came by way of another process. */
  approximate?: boolean
  /** Of a foreign program: when its log told of a cleanup in this round. */
  cleanupMs?: number
  accuracy: number | null
  /** In a swarm: the peer that added this round up. */
  aggregator?: string
}

/** A recording read back whole. */
export interface Recording {
  folder: string
  head: RecordingMetadata
  samples: Sample[]
  rounds: RoundRecord[]
  /** With `--cgroup`, or attached to a container: what the whole tree went through, by its cgroup. Absent without. */
  tree?: TreeRound[]
  /** RSS of each process before the model was loaded, from its start mark. */
  initial: { role: string; name: string; pid: number; memory: MemoryReading }[]
  attribution: AttributionMark[]
  /** Rounds that did not commit, and other things the program said. */
  failedRounds: { round: number; attempt: number; reason: string; timeMs: number }[]
  /** Bytes of one full set of weights, M, where a ready mark told it. */
  modelBytes: number | null
  /** What a reader of every output must know, for example that peaks are sampled. */
  warnings: string[]
}
