/**
 * Status of a running recording: plain data, ready for JSON. Bytes and milliseconds throughout;
 * null: not known (yet). The terminal's block, the page, `/api/status`, the alerts and `soak` all
 * read this and nothing else.
 */
export interface LiveStatus {
  /** The command line, or the program that was attached to. */
  command: string[]
  /** Start as Unix time in ms; `timeMs` is the time of the newest sample or round. */
  startedMs: number
  timeMs: number
  state: 'running' | 'ended'
  /** `window`: the program reports no rounds, so windows of `windowMs` stand for them. */
  unit: 'round' | 'window'
  windowMs: number | null
  limit: LiveLimit | null
  tree: {
    /**
     * Sum over the living processes at the newest sample; pages that they share count more than
     * once.
     */
    rssBytes: number | null
    processes: number
    /** The highest such sum so far: a lower bound of the tree's peak. */
    highestBytes: number | null
  }
  /**
   * Roles in the order in which they were seen. Processes without a role have the role `process`.
   */
  roles: LiveRole[]
  /** Alerts, the newest last, 200 at most. */
  alerts: LiveAlert[]
}

export interface LiveLimit {
  bytes: number
  /** Source of the limit, as a noun. */
  name: '--rss-limit' | 'the limit of the cgroup' | 'the memory of the machine'
  /**
   * What counts against it now, of all processes that share it; page cache that can be reclaimed
   * does not. Null where it is not known: the sum of RSS stands for it.
   */
  usedBytes: number | null
}

/** A limit as read, with the RSS of the recorded processes by pid at the same moment. */
export interface LimitReading extends LiveLimit {
  rss: ReadonlyMap<number, number>
}

export interface LiveRole {
  role: string
  /** Sum over its living processes at the newest sample. */
  rssBytes: number | null
  processes: LiveProcess[]
  /** Rounds (or windows) that have ended. */
  rounds: number
  /** The newest rounds, the newest last, 1000 at most. */
  recentRounds: LiveRound[]
  /** The highest peak of one of its processes over all rounds so far, else over its life. */
  peakBytes: number | null
  verdict: LiveVerdict
  /** Bytes a round since the verdict's part began; null with too few rounds. */
  rate: LiveRate | null
  /** Null without a limit, and where memory is not rising. */
  forecast: LiveForecast | null
}

export interface LiveProcess {
  pid: number
  name: string
  rssBytes: number | null
  /** The kernel's high-water mark as last read. */
  peakBytes: number | null
  peakKind: 'exact' | 'sampled'
}

/** One round of a role, over all of its processes. */
export interface LiveRound {
  round: number
  endedMs: number
  /** Peak of the process that had the highest. Null for a window in which nothing was read. */
  peakBytes: number | null
  peakKind: 'exact' | 'sampled'
  /** Sum over its processes at the end of the round; for a window the median of its samples. */
  endBytes: number | null
}

/**
 * The verdict so far. `grows` and `level` hold at every look with an error of 1 % over the whole
 * run. A verdict is taken back only as `no longer grows` or `no longer level`, with the reason.
 */
export interface LiveVerdict {
  state: LiveVerdictState
  /** One sentence, with units and without colours; it contains no text from the program. */
  sentence: string
  /** The round at which this state was reached; null before the first round. */
  sinceRound: number | null
  /** Why an earlier verdict no longer holds; null otherwise. */
  reason: string | null
  /** Evidence for growth in the present part, as an e-value (100 decides), at most 1e6. */
  evidence: number
}

export type LiveVerdictState =
  | 'too few rounds'
  | 'undecided'
  | 'grows'
  | 'level'
  | 'no longer grows'
  | 'no longer level'

/** Bytes a round with their 95 % interval, of the rounds from `fromRound` on. */
export interface LiveRate {
  bytesPerRound: number
  low: number
  high: number
  fromRound: number
  bytesPerHour: number | null
}

/**
 * When all that counts against the limit will meet it, of which the role is a part: 90 % interval.
 */
export interface LiveForecast {
  limitBytes: number
  /** Rounds from now on. `high` is null where the limit may never be met. */
  rounds: { estimate: number; low: number; high: number | null }
  /** `rounds` in ms, where rounds have a length. */
  ms: { estimate: number; low: number; high: number | null } | null
}

/** An event of an alert of `--when` or `--fail-when`. */
export interface LiveAlert {
  timeMs: number
  /** The condition as it was given. */
  condition: string
  role: string | null
  round: number | null
  /**
   * `fired`: it became true and the command was started; `cleared`: its episode is over; `failed`:
   * its command failed.
   */
  kind: 'fired' | 'cleared' | 'failed'
  sentence: string
}

/**
 * An event for {@link LiveState.subscribe}. Listeners read the status with `status()` when they
 * need it.
 */
export type LiveEvent =
  | { kind: 'sample'; timeMs: number; rssByRole: ReadonlyMap<string, number> }
  | { kind: 'round'; role: string; round: LiveRound }
  | { kind: 'verdict'; role: string; verdict: LiveVerdict; before: LiveVerdictState }
  | { kind: 'alert'; alert: LiveAlert }
  | { kind: 'ended'; timeMs: number }
