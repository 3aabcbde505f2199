import { type GlobalState, gatherWeights, stateInMemory, type WeightsSource } from '../tensors/global-state.js'
import type { OpenAggregation } from './aggregation.js'
import { openBuffered } from './in-memory.js'

/**
 * Where a job keeps its global state and the results of a round: in memory, or in a folder of
 * files.
 */
export interface Storage {
  /** Returns the state that the job begins with, or the last committed one. */
  begin(initial: WeightsSource, completedRounds: number): Promise<GlobalState>
  /** Rounds that were committed before this process. */
  readonly completedRounds: number
  /** Opens the aggregation of one exchange. */
  readonly openAggregation: OpenAggregation
  /** Makes `state` the job's state; nothing else of the round is needed any more. */
  commit(state: GlobalState): Promise<void>
  /** Drops what a failed attempt made. */
  abandon(state: GlobalState): Promise<void>
  /**
   * Called before results of this many clients and this size are requested. Throws where there is
   * no room.
   */
  assertRoom(clients: number, modelBytes: number): Promise<void>
  /**
   * Explains an error that ends the job to the person who can act on it; returns others unchanged.
   */
  explain(error: unknown): unknown
  /** Pass `keep` to leave the files for --resume. */
  close(keep: boolean): Promise<void>
}

/** Implements `--aggregation buffered`: it keeps references, and the collector frees the memory. */
export function memoryStorage(): Storage {
  let completed = 0
  return {
    get completedRounds() {
      return completed
    },
    begin: async (initial, completedRounds) => {
      completed = completedRounds
      return stateInMemory(gatherWeights(initial))
    },
    openAggregation: openBuffered,
    commit: async () => {},
    abandon: async () => {},
    assertRoom: async () => {},
    explain: (error) => error,
    close: async () => {},
  }
}
