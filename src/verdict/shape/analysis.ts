import type { Tolerance } from '../../results/tolerance.js'
/** What the memory does over the rounds. */
export type Shape = 'stable' | 'grows' | 'falls' | 'sawtooth' | 'settling' | 'staircase' | 'spike' | 'inconclusive'

/** An estimate with its 95 % interval. */
export interface Interval {
  estimate: number
  low: number
  high: number
}

/**
 * What memory does over the last part watched: a statement that a short series supports. What it will do is the shape's.
 * Bytes a round with their 95 % interval, and the first round of that part; null with too few rounds.
 */
export interface Now {
  trend: 'rises' | 'level' | 'falls' | 'unclear'
  bytesPerRound: number | null
  low: number | null
  high: number | null
  from: number | null
}

export interface AnalyzeOptions {
  /** Rounds from one cleanup to the next. 0: none runs. Left out: not known, and a period is looked for. */
  gcRounds?: number | undefined
  /**
   * Default 0.1 % of the level from one row to the next: at that rate memory would double in 1000 rows. Bytes a day need
   * `secondsPerRound`.
   */
  tolerance?: Tolerance | undefined
  /** What the memory must stay below; with it comes a {@link Analysis.limit}. */
  limitBytes?: number | undefined
  /**
   * What growth is projected over: it matters where it uses up the room below the limit until then, or, without a limit, a tenth of the
   * level. Default: ten times what was recorded, and at least 1000 rounds, or 30 days where rows are windows of time.
   */
  horizonRounds?: number | undefined
  horizonSeconds?: number | undefined
  /** Rows are windows of time and no rounds: the default horizon is a time too. */
  isTime?: boolean | undefined
  /** How long a round takes, so that rounds until the limit are a time too. */
  secondsPerRound?: number | undefined
  /** How improbable growth that is none has to be, 0 to 1. Default 0.004; looks on the way divide it among them. */
  alpha?: number | undefined
}

/** The verdict on one setting, command or file: plain data, ready for JSON. Bytes throughout; null: there is none, or it cannot be told. */
export interface Analysis {
  shape: Shape
  /** Of growth: it is within what is tolerated a round, and yet is certain and matters within the horizon. */
  slow: boolean
  now: Now
  /** The shapes that are left where the rounds decide between these alone; empty where one was decided, or more are left. */
  possible: Shape[]
  /** One sentence that says what was seen, with units, and what it takes to decide where nothing could be decided. */
  reason: string
  trials: number
  /** Rounds of the longest trial. */
  rounds: number
  /** Growth after warm-up and apart from steps; under a saw-tooth, of its floor. Null with too few rounds. */
  slopeBytesPerRound: Interval | null
  /** The same an hour and a day, where it is known how long a round takes. */
  slopeBytesPerHour: Interval | null
  slopeBytesPerDay: Interval | null
  /** A slope within plus and minus this is too little to matter; bytes a round. */
  toleranceBytes: number | null
  /** Where memory is at the end: its level, the asymptote, the last step, the fitted end of a growth, or the floor of a saw-tooth. */
  levelBytes: number | null
  /** Rounds from one cleanup to the next that is seen in the memory. */
  period: number | null
  /** How far a saw-tooth rises above its floor; where its teeth grow, at the end. */
  amplitudeBytes: number | null
  /** By how much the teeth of a saw-tooth grow a round, above their floor; null where they were not shown to. */
  teethSlopeBytesPerRound: Interval | null
  /** Of the floor of a saw-tooth. */
  floorShape: 'stable' | 'grows' | 'falls' | 'inconclusive' | null
  /** The first round of the level that was settled to. */
  settledAtRound: number | null
  asymptoteBytes: number | null
  timeConstantRounds: number | null
  /** From the first rounds of stairs to their last ones, in the median trial. */
  netClimbBytes: number | null
  /** Of the steps those at which the process was started anew, or lost at once what it held. */
  restarts: SingleChange[]
  /** Level shifts, in the order of their rounds. */
  steps: SingleChange[]
  /** Single rounds far off the rest. They decide nothing, except that high ones make a level series a spike. */
  outliers: SingleChange[]
  /** What the slope comes to over the horizon, given or by default; null where there is no slope. */
  horizon: { rounds: number; isDefault: boolean; bytes: Interval } | null
  /** Null without a limit, and when neither growth nor a level is established and memory does not rise now either. */
  limit: LimitForecast | null
}

export interface SingleChange {
  /** Place of the trial in the list given, from 1. */
  trial: number
  round: number
  /** Change of the level, or distance from what was expected. */
  bytes: number
}

export interface LimitForecast {
  limitBytes: number
  /** Room between where memory goes to (the asymptote, the top of a saw-tooth, the level) and the limit; below zero: it will not fit. */
  headroomBytes: number
  /** Rounds until the limit from the last one on; only when growth is established, or what is undecided rises now. Their upper end is infinite, in JSON null, where what is left of it may be level. */
  rounds: Interval | null
  /** The same in seconds, where it is known how long a round takes. */
  seconds: Interval | null
}
