/**
 * Marks: the open format in which a measured program says where its rounds are. One JSON object a
 * line, appended to the file named by the environment variable TIDEMARK_MARKS; any language can
 * write it (docs/file-formats.md).
 *
 * Only `mark` is required of a foreign program, and `round` on round marks; what it leaves out, the
 * recorder reads from outside at the moment the line arrives. Roles of our own fill everything in,
 * read inside the process at the boundary.
 */
export const MARKS_VARIABLE = 'TIDEMARK_MARKS'

/**
 * Who wrote the mark and when. `timeMs` is Unix time in milliseconds with fractions, from a
 * monotonic clock.
 */
export interface MarkOrigin {
  timeMs: number
  pid: number
  /** `server`, `client`, `peer`, or what a foreign program calls itself. */
  role: string
  /** The name of this process within its role, for example `site-1`. Absent for a server. */
  name?: string
}

/** RSS and its parts at one moment, from /proc/self/status. */
export interface MemoryReading {
  rssBytes: number
  rssAnonBytes: number
  rssFileBytes: number
  rssShmemBytes: number
  /**
   * Anonymous memory that the kernel has swapped out, which RSS leaves out. Absent where there is
   * none.
   */
  swapBytes?: number
}

/** What one cleanup cost and gave back. A step that could not run is null, not zero. */
export interface CleanupRecord {
  gcMs: number | null
  purgeMs: number | null
  totalMs: number
  rssBeforeBytes: number
  rssAfterBytes: number
}

/** The process is up; nothing of the model is in memory yet. */
export interface StartMark extends MarkOrigin {
  mark: 'start'
  memory: MemoryReading
  /**
   * The allocator really loaded, found at run time: `glibc`, `jemalloc`, `mimalloc`, `tcmalloc`,
   * `unknown`.
   */
  allocator: string
  /**
   * False when the kernel refuses the reset of VmHWM; peaks of this process are then sampled, not
   * exact.
   */
  exactPeaks: boolean
  /**
   * Flags of V8 that the role has set, and those that it wanted and runs without: this release of
   * Node is not known to have them.
   */
  v8Flags?: { set: string[]; missing: string[] }
}

/** The role can do its work: a server listens (at `url`), a client has joined. */
export interface ReadyMark extends MarkOrigin {
  mark: 'ready'
  url?: string
  /** Bytes of one full set of weights (M), once the role knows it. */
  modelBytes?: number
}

export interface RoundStartMark extends MarkOrigin {
  mark: 'round-start'
  /** Rounds count from 1. */
  round: number
  /** Attempts at one round count from 0. */
  attempt: number
}

/** The very end of a round, after its cleanup if one ran. */
export interface RoundMark extends MarkOrigin {
  mark: 'round'
  round: number
  attempt: number
  startedMs: number
  /**
   * VmHWM since the last reset, which is the end of the round before; null where it could not be
   * read or reset.
   */
  peakBytes: number | null
  /** When the work is done, before cleanup. */
  work: MemoryReading
  /**
   * At the very end, after cleanup if one ran; equal to `work` otherwise. Shapes are judged on
   * this.
   */
  end: MemoryReading
  cleanup: CleanupRecord | null
  /** Share of held-out examples classified rightly by the new global model, 0 to 1. */
  accuracy?: number
  /** Clients whose results counted. */
  accepted?: string[]
  /** In a swarm: the peer that added this round up. */
  aggregator?: string
  /** In a swarm: the digest that was committed. */
  digest?: string
  /**
   * In a swarm: the cleanup after the own training and the one after the merge, which `cleanup`
   * holds together.
   */
  cleanups?: { learn: CleanupRecord | null; merge: CleanupRecord | null }
}

/** A round that did not commit: weights stay as they were. */
export interface RoundFailedMark extends MarkOrigin {
  mark: 'round-failed'
  round: number
  attempt: number
  reason: string
}

/**
 * A process resets its own peak, which the recorder can read no more then: what it was until now.
 */
export interface PeakMark extends MarkOrigin {
  mark: 'peak'
  peakBytes: number
}

/** The attribution probe: RSS before, split by measured give-back. The three parts add up to it. */
export interface AttributionMark extends MarkOrigin {
  mark: 'attribution'
  /** The round after which it was taken; absent at the job's end. */
  round?: number
  rssBytes: number
  /** Came back by the allocator's purge alone. */
  retainedBytes: number
  /**
   * Came back by a garbage collection and a second purge; null where only a purge was possible,
   * from outside.
   */
  garbageBytes: number | null
  /** What is left: live, and garbage with it where that is null. */
  liveBytes: number
  /** Of a probe from outside: what the allocator said of itself before the purge. */
  allocator?: {
    allocator: string
    arenaBytes?: number | undefined
    mappedBytes?: number | undefined
    usedBytes?: number | undefined
    freeBytes?: number | undefined
  }
}

export interface EndMark extends MarkOrigin {
  mark: 'end'
  state: 'completed' | 'failed' | 'stopped'
  reason?: string
}

export type Mark =
  | StartMark
  | ReadyMark
  | RoundStartMark
  | RoundMark
  | RoundFailedMark
  | PeakMark
  | AttributionMark
  | EndMark
