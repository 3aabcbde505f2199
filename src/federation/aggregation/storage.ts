import { type GlobalState, gatherWeights, stateInMemory, type WeightsSource } from '../tensors/global-state.js'
import type { OpenAggregation } from './aggregation.js'
import { openBuffered } from './in-memory.js'

/** Where a job keeps its global state and the results of a round: in memory, or in a folder of files. */
export interface Storage {
  /** The state that a job begins with, or the last one that it committed before it was interrupted. */
  begin(initial: WeightsSource, completedRounds: number): Promise<GlobalState>
  /** Rounds of the job that are behind the state which it began with. */
  readonly completedRounds: number
  /** Where the results of one exchange wait, and how they become the next state. */
  readonly openAggregation: OpenAggregation
  /** From here on `state` is the job's, and nothing else of the round is needed any more. */
  commit(state: GlobalState): Promise<void>
  /** The attempt failed: what it made is not needed any more. */
  abandon(state: GlobalState): Promise<void>
  /** Called before results of so many clients, each of so many bytes, are asked for. Throws where there is no room for them. */
  assertRoom(clients: number, modelBytes: number): Promise<void>
  /** An error that ends the job, in the words of who can do something about it; others as they are. */
  explain(error: unknown): unknown
  /** With `keep` the job may be gone on with. */
  close(keep: boolean): Promise<void>
}

/** `--aggregation buffered`: references are all there is to keep, and the collector's to free. */
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
