import type { RoundSeries } from '../series/round-series.js'

/**
 * One idea of what the memory does apart from noise, as columns of a linear model: what is to be fitted, and what it
 * costs to be this free. The ideas are held against each other by {@link ../fit-mean.ts}.
 */
export interface Curve {
  kind: 'constant' | 'line' | 'saturation' | 'ramp' | 'onset' | 'acceleration' | 'steps' | 'sawtooth'
  /** True where a straight line over all rounds is among the columns; it is then the second one. */
  hasLine: boolean
  /** The columns of each trial, the constant first. */
  columns: number[][][]
  /** What was searched for to get here, in units of -2 log likelihood, besides the columns. */
  searchCost: number
  /** Time constant of the saturation, in rounds. */
  tauRounds?: number
  /** The cycle of the saw-tooth. */
  cycle?: Cycle
  /** Of a ramp and an onset: the place of the round at which the line breaks. */
  breakPlace?: number
  /** Where the level shifts, one list a trial: the place of the first round on the new level. */
  stepPlaces?: number[][]
}

export interface Cycle {
  /** Rounds from one cleanup to the next. */
  period: number
  /** A cleanup round is one whose number of completed rounds leaves this rest when divided by the period. */
  phase: number
}

/** Sorted series to columns: how each trial's columns depend on its rounds. */
export function columnsOf(trials: readonly RoundSeries[], column: (t: number, length: number) => number): number[][] {
  return trials.map(({ rounds }) => rounds.map((round) => column(round - rounds[0]!, rounds.length)))
}

export function ones(trials: readonly RoundSeries[]): number[][] {
  return columnsOf(trials, () => 1)
}

export function roundsFromStart(trials: readonly RoundSeries[]): number[][] {
  return columnsOf(trials, (t) => t)
}

/** Column lists side by side: for each trial, its column of every list. */
export function sideBySide(...lists: number[][][]): number[][][] {
  return lists[0]!.map((_, trial) => lists.map((list) => list[trial]!))
}
