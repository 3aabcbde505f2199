import type { Aggregation, AggregationSettings } from '../../aggregation/aggregation.js'
import { openBuffered } from '../../aggregation/in-memory.js'
import { RunningDigest } from '../../tensors/digest.js'
import { stateInMemory } from '../../tensors/global-state.js'
import type { Weights } from '../../tensors/weights.js'

/** What a peer does in its turn: where results wait and what they become. */
export interface Merge {
  aggregation: Pick<Aggregation, 'receive' | 'discard'>
  /** Computes the next weights and their digest. Call it once. */
  combine(): Promise<{ weights: Weights; digest: string }>
}

/** Implements `--aggregation buffered` for a peer. */
export function mergeInMemory(settings: AggregationSettings, current: Weights): Merge {
  const digest = new RunningDigest()
  const aggregation = openBuffered({ ...settings, digest })
  const combine = async () => {
    const weights = await (await aggregation.combine(stateInMemory(current))).load()
    return { weights, digest: digest.of(weights.specs) }
  }
  return { aggregation, combine }
}
