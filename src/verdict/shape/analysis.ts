import type { Tolerance } from '../../results/tolerance.js'
/** The shape of memory over the rounds. */
export type Shape = 'stable' | 'grows' | 'falls' | 'sawtooth' | 'settling' | 'staircase' | 'spike' | 'inconclusive'

/** An estimate with its 95 % interval. */
export interface Interval {
  estimate: number
  low: number
  high: number
}

/**
 * What memory does over the last part watched, which a short series can show; the shape says what
 * it will do. Bytes a round with their 95 % interval, and the first round of that part; null with
 * too few rounds.
 */
export interface Now {
  trend: 'rises' | 'level' | 'falls' | 'unclear'
  bytesPerRound: number | null
  low: number | null
  high: number | null
  from: number | null
}

export interface AnalyzeOptions {
  /**
   * Rounds from one cleanup to the next. 0: none runs. Undefined: not known, and a period is
   * searched for.
   */
  gcRounds?: number | undefined
  /**
   * Tolerance; default 0.1 % of the level from one row to the next: at that rate memory would
   * double in 1000 rows. Bytes a day need `secondsPerRound`.
   */
  tolerance?: Tolerance | undefined
  /** Bound that memory must stay below; adds a {@link Analysis.limit}. */
  limitBytes?: number | undefined
  /** What others use of the limit. Default: 0. */
  othersBytes?: number | undefined
  /**
   * Rounds over which growth is projected. Growth matters where it uses up the room below the limit
   * within them, or, without a limit, a tenth of the level. Default: ten times the recorded rounds,
   * and at least 1000, or 30 days where rows are windows of time.
   */
  horizonRounds?: number | undefined
  horizonSeconds?: number | undefined
  /** True where rows are windows of time and not rounds: the default horizon is then a time too. */
  isTime?: boolean | undefined
  /** Length of a round, which converts rounds until the limit to a time. */
  secondsPerRound?: number | undefined
  /** Error rate of a claim of growth, 0 to 1. Default 0.004; intermediate looks share it. */
  alpha?: number | undefined
}

/**
 * The verdict on one setting, command or file: plain data, ready for JSON. Bytes throughout; null:
 * there is none, or it is not known.
 */
export interface Analysis {
  shape: Shape
  /**
   * True for growth that is within the tolerance a round, but is certain and matters within the
   * horizon.
   */
  slow: boolean
  now: Now
  /**
   * The shapes that are left where the rounds narrow it down to these; empty where one was decided,
   * or more are left.
   */
  possible: Shape[]
  /**
   * One sentence that says what was seen, with units, and what is needed to decide where nothing
   * could be decided.
   */
  reason: string
  trials: number
  /** Rounds of the longest trial. */
  rounds: number
  /**
   * Growth after warm-up and apart from steps; under a saw-tooth, growth of its floor. Null with
   * too few rounds.
   */
  slopeBytesPerRound: Interval | null
  /** The slope an hour and a day, where the length of a round is known. */
  slopeBytesPerHour: Interval | null
  slopeBytesPerDay: Interval | null
  /** Slopes within plus and minus this do not matter; bytes a round. */
  toleranceBytes: number | null
  /**
   * Memory at the end: its level, the asymptote, the last step, the fitted end of a growth, or the
   * floor of a saw-tooth.
   */
  levelBytes: number | null
  /** Rounds between the cleanups that are visible in the memory. */
  period: number | null
  /** How far a saw-tooth rises above its floor; where its teeth grow, at the end. */
  amplitudeBytes: number | null
  /** Growth of the teeth of a saw-tooth a round, above their floor; null where none was shown. */
  teethSlopeBytesPerRound: Interval | null
  /** Shape of the floor of a saw-tooth. */
  floorShape: 'stable' | 'grows' | 'falls' | 'inconclusive' | null
  /** The first round of the level that memory settled at. */
  settledAtRound: number | null
  asymptoteBytes: number | null
  timeConstantRounds: number | null
  /** Climb from the first rounds of stairs to their last ones, in the median trial. */
  netClimbBytes: number | null
  /** Steps at which the process was restarted, or released much of its memory at once. */
  restarts: SingleChange[]
  /** Level shifts, in the order of their rounds. */
  steps: SingleChange[]
  /**
   * Single rounds far off the rest. They decide nothing, except that high ones make a level series
   * a spike.
   */
  outliers: SingleChange[]
  /**
   * Growth that the slope adds up to over the horizon, given or by default; null where there is no
   * slope.
   */
  horizon: { rounds: number; isDefault: boolean; bytes: Interval } | null
  /**
   * Null without a limit, and when neither growth nor a level is established and memory does not
   * rise now either.
   */
  limit: LimitForecast | null
}

export interface SingleChange {
  /** Number of the trial in the list given, from 1. */
  trial: number
  round: number
  /** Change of the level, or distance from the expected value. */
  bytes: number
}

export interface LimitForecast {
  limitBytes: number
  /**
   * Room between the level that memory approaches (the asymptote, the top of a saw-tooth, the
   * level) and the limit; below zero: it will not fit.
   */
  headroomBytes: number
  /**
   * Rounds from the last one until the limit, given only when growth is established, or when an
   * undecided series rises now. The upper end is infinite, in JSON null, where the slope may be
   * zero.
   */
  rounds: Interval | null
  /** `rounds` in seconds, where the length of a round is known. */
  seconds: Interval | null
}

/** Tells whether memory is level but for steps down: it never came to hold more. */
export function onlyStepsDown({ shape, steps, now }: Pick<Analysis, 'shape' | 'steps' | 'now'>): boolean {
  return shape === 'staircase' && steps.length > 0 && steps.every(({ bytes }) => bytes < 0) && now.trend !== 'rises'
}
