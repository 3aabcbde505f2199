import type { RoundSeries } from '../series/round-series.js'
import { type Curve, ones, roundsFromStart, sideBySide } from './curve.js'

/** Builds one level a trial. */
export function constantCurve(trials: readonly RoundSeries[]): Curve {
  return { kind: 'constant', hasLine: false, columns: sideBySide(ones(trials)), searchCost: 0 }
}

/** Builds one level and one slope a trial. */
export function lineCurve(trials: readonly RoundSeries[]): Curve {
  return { kind: 'line', hasLine: true, columns: sideBySide(ones(trials), roundsFromStart(trials)), searchCost: 0 }
}
