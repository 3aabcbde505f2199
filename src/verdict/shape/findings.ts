import type { CurveFit } from '../curves/fit-curve.js'
import type { RoundSeries } from '../series/round-series.js'
import type { Now, Shape, SingleChange } from './analysis.js'
import type { Growth, Matter } from './growth.js'
import type { Trend } from './trend.js'

/** What is known before a shape is: the trials with enough rounds, and what their slopes are measured by. */
export interface Known extends Matter {
  /** Trials with enough rounds; places in `fit` and `trend` are theirs. */
  trials: readonly RoundSeries[]
  /** What growth is projected over. */
  horizonRounds: number
  /** What is tolerated from one row to the next, as it was given: steps and teeth are measured by it. */
  rowToleranceBytes: number
}

/** The shape, and everything that it was decided from. */
export interface Findings extends Known {
  shape: Shape
  because: Rationale
  /** See {@link Analysis.possible}. */
  possible?: Shape[]
  now?: Now
  /** Undefined with too few rounds. */
  fit?: CurveFit
  /** Of the part after warm-up, apart from steps and saw-teeth. */
  trend?: Trend | undefined
  growth?: Growth
  /** Single rounds far off, where the rest was judged in blocks. */
  spikes?: SingleChange[]
  /** Of the teeth of a saw-tooth, where they grow. */
  teeth?: Trend | undefined
  /** Place of the first settled round, or of the first one of the growth. */
  settledPlace?: number | undefined
}

/** What tipped the balance; the words are made of it. */
export type Rationale =
  | 'too few rounds'
  | 'slope'
  | 'slope after warm-up'
  | 'still rising'
  | 'accelerates'
  | 'late onset'
  | 'grows or settles'
  | 'rises now'
  | 'settled'
  | 'ramp'
  | 'low at first'
  | 'falls back'
  | 'falls'
  | 'cycles'
  | 'between steps'
  | 'steps up'
  | 'steps down'
  | 'steps'
  | 'spike'
  | 'each trial'

/** With fewer rounds no noise can be told from a slope. */
export const FEWEST_ROUNDS = 6

/** A step smaller than what this many rounds at the tolerance come to is none: 1 % of the level, with the default tolerance; in the median trial. */
export const STEP_ROUNDS = 10
/** Clearly better: 7 to 1 (Raftery (1995), Sociol. Methodol. 25, 111–163), in units of -2 log likelihood. */
export const CLEAR_GAIN = 4
/** Strong evidence, 20 to 1 (Raftery). */
export const STRONG_GAIN = 6

/** Below this a difference is rounding and pages, not noise of the program. */
export function roundingOf(levelBytes: number): number {
  return Math.max(1024, 1e-4 * levelBytes)
}
