import type { CurveFit } from '../curves/fit-curve.js'
import type { RoundSeries } from '../series/round-series.js'
import type { Now, Shape, SingleChange } from './analysis.js'
import type { Growth, Matter } from './growth.js'
import type { Trend } from './trend.js'

/** Facts known before the shape: the trials with enough rounds, and the scales for their slopes. */
export interface Known extends Matter {
  /** Trials with enough rounds; indices in `fit` and `trend` refer to them. */
  trials: readonly RoundSeries[]
  /** Rounds over which growth is projected. */
  horizonRounds: number
  /** Tolerance from one row to the next, as it was given: steps and teeth are measured by it. */
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
  /** Slope of the part after warm-up, apart from steps and saw-teeth. */
  trend?: Trend | undefined
  growth?: Growth
  /** Single rounds far off, where the rest was judged in blocks. */
  spikes?: SingleChange[]
  /** Slope of the teeth of a saw-tooth, where they grow. */
  teeth?: Trend | undefined
  /** Index of the first settled round, or of the first round of the growth. */
  settledPlace?: number | undefined
}

/** The deciding reason, from which the sentence is built. */
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
  | 'came back'
  | 'falls'
  | 'cycles'
  | 'between steps'
  | 'steps up'
  | 'steps down'
  | 'steps'
  | 'spike'
  | 'each trial'

/** Minimum rounds that can distinguish noise from a slope. */
export const FEWEST_ROUNDS = 6

/**
 * Minimum size of a step, in rounds at the tolerance: 1 % of the level with the default tolerance;
 * in the median trial.
 */
export const STEP_ROUNDS = 10
/**
 * Gain of a clearly better curve, in units of -2 log likelihood: 7 to 1 (Raftery (1995), Sociol.
 * Methodol. 25, 111–163).
 */
export const CLEAR_GAIN = 4
/** Gain that is strong evidence: 20 to 1 (Raftery). */
export const STRONG_GAIN = 6

/** Returns the difference below which changes are rounding and pages, not noise of the program. */
export function roundingOf(levelBytes: number): number {
  return Math.max(1024, 1e-4 * levelBytes)
}
