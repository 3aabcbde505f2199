import type { RoundSeries } from '../round-series.js'
import { type Mean, ones, roundsFromStart, sideBySide } from './mean.js'

/** One level a trial. */
export function constantMean(trials: readonly RoundSeries[]): Mean {
  return { kind: 'constant', hasLine: false, columns: sideBySide(ones(trials)), searchCost: 0 }
}

/** One level and one slope a trial. */
export function lineMean(trials: readonly RoundSeries[]): Mean {
  return { kind: 'line', hasLine: true, columns: sideBySide(ones(trials), roundsFromStart(trials)), searchCost: 0 }
}
