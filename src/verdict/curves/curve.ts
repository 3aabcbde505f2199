import type { RoundSeries } from '../series/round-series.js'

/**
 * One model of what the memory does apart from noise: its columns of a linear model, and the cost
 * of its freedom. {@link ./choose-curve.ts} fits and compares them.
 */
export interface Curve {
  kind: 'constant' | 'line' | 'saturation' | 'ramp' | 'onset' | 'acceleration' | 'steps' | 'sawtooth'
  /** True where a straight line over all rounds is among the columns; it is then the second one. */
  hasLine: boolean
  /** The columns of each trial, the constant first. */
  columns: number[][][]
  /**
   * Cost of the search that led to this curve, in units of -2 log likelihood, in addition to the
   * columns.
   */
  searchCost: number
  /** Time constant of the saturation, in rounds. */
  tauRounds?: number
  /** The cycle of the saw-tooth. */
  cycle?: Cycle
  /** Index of the round at which the line of a ramp or an onset breaks. */
  breakPlace?: number
  /** Indices of the first round on each new level, one list a trial. */
  stepPlaces?: number[][]
}

export interface Cycle {
  /** Rounds from one cleanup to the next. */
  period: number
  /** Remainder of the number of completed rounds, divided by the period, in a cleanup round. */
  phase: number
}

/** Maps each sorted series to a column that depends on its rounds. */
export function columnsOf(trials: readonly RoundSeries[], column: (t: number, length: number) => number): number[][] {
  return trials.map(({ rounds }) => rounds.map((round) => column(round - rounds[0]!, rounds.length)))
}

export function ones(trials: readonly RoundSeries[]): number[][] {
  return columnsOf(trials, () => 1)
}

export function roundsFromStart(trials: readonly RoundSeries[]): number[][] {
  return columnsOf(trials, (t) => t)
}

/** Joins column lists side by side: for each trial, its column of every list. */
export function sideBySide(...lists: number[][][]): number[][][] {
  return lists[0]!.map((_, trial) => lists.map((list) => list[trial]!))
}
