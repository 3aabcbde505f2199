/** What the memory does over the rounds. */
export type Shape = 'stable' | 'grows' | 'sawtooth' | 'settling' | 'staircase' | 'spike' | 'inconclusive'

/** An estimate with its 95 % interval. */
export interface Interval {
  estimate: number
  low: number
  high: number
}

/** What is too little to matter in a round: so many bytes, or a share of the level. */
export type PracticalFloor = { bytes: number } | { share: number }

export interface AnalyzeOptions {
  /** Rounds from one cleanup to the next. 0: none runs. Left out: not known, and a period is looked for. */
  gcRounds?: number | undefined
  /** Default 0.1 % of the level: at that rate memory would double in 1000 rounds. */
  floor?: PracticalFloor | undefined
  /** What the memory must stay below; with it comes a {@link Analysis.limit}. */
  limitBytes?: number | undefined
  /** Length of the job that the growth is projected over. */
  horizonRounds?: number | undefined
  /** How long a round takes, so that rounds until the limit are a time too. */
  secondsPerRound?: number | undefined
}

/** The verdict on one setting, command or file: plain data, ready for JSON. Bytes throughout; null: there is none, or it cannot be told. */
export interface Analysis {
  shape: Shape
  /** The shapes that are left where the rounds decide between these alone; empty where one was decided, or more are left. */
  possible: Shape[]
  /** One sentence that says what was seen, with units, and what it takes to decide where nothing could be decided. */
  reason: string
  trials: number
  /** Rounds of the longest trial. */
  rounds: number
  /** Growth after warm-up and apart from steps; under a saw-tooth, of its floor. Null with too few rounds. */
  slopeBytesPerRound: Interval | null
  /** A slope within plus and minus this is too little to matter. */
  practicalFloorBytes: number | null
  /** Where memory is at the end: its level, the asymptote, the last step, the fitted end of a growth, or the floor of a saw-tooth. */
  levelBytes: number | null
  /** Rounds from one cleanup to the next that is seen in the memory. */
  period: number | null
  /** How far a saw-tooth rises above its floor. */
  amplitudeBytes: number | null
  /** Of the floor of a saw-tooth. */
  floorShape: 'stable' | 'grows' | 'falls' | 'inconclusive' | null
  /** The first round of the level that was settled to. */
  settledAtRound: number | null
  asymptoteBytes: number | null
  timeConstantRounds: number | null
  /** Level shifts, in the order of their rounds. */
  steps: SingleChange[]
  /** Single rounds far off the rest. They decide nothing, except that high ones make a level series a spike. */
  outliers: SingleChange[]
  /** Rounds in all that each trial needs for a decision, at the noise seen; null when one was made, or when no number of rounds helps. */
  needsRounds: number | null
  /** What the growth comes to over `horizonRounds`; null without it. */
  horizon: { rounds: number; bytes: Interval } | null
  /** Null without a limit, and when neither growth nor a level is established. */
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
  /** Rounds until the limit from the last one on; only when growth is established. Their upper end is infinite, in JSON null, where what is left of it may be level. */
  rounds: Interval | null
  /** The same in seconds, where it is known how long a round takes. */
  seconds: Interval | null
}
