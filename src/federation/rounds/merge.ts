import { stateInMemory } from '../weights/global-state.js'
import type { Weights } from '../weights/weights.js'
import type { Aggregation, AggregationSettings } from './aggregation.js'
import { openBuffered } from './buffered.js'

/** What a peer does when it is its turn: where results wait, and what they make together. */
export interface Merge {
  aggregation: Pick<Aggregation, 'receive' | 'discard'>
  /** The next weights. Call it once. */
  combine(): Promise<Weights>
}

/** `--aggregation buffered` of a peer. */
export function mergeInMemory(settings: AggregationSettings, current: Weights): Merge {
  const aggregation = openBuffered(settings)
  return { aggregation, combine: async () => (await aggregation.combine(stateInMemory(current))).load() }
}
