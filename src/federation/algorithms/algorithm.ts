/**
 * What an algorithm is, to the server: a file that states what one round does, out of the steps that all of them share
 * (sample, exchange, combine). Rules that hold for every algorithm (checks, quorum, attempts, commit, cleanup, marks) are in
 * `rounds/` and `roles/`, and no algorithm repeats them.
 */
import type { ExchangeRequest, RoundCommit, RoundSettings } from '../rounds/exchange.js'
import type { GlobalState } from '../weights/global-state.js'

export interface Algorithm {
  readonly name: string
  /**
   * One attempt at one round: the next state. `round.state` must not be changed, since a round that fails leaves it as it
   * was. Throws RoundFailedError.
   */
  run(round: RoundSteps): Promise<RoundCommit>
  /*
   * For those that keep more than the model: SCAFFOLD's state is one set of tensors, `model/...` and `control/...`, which
   * its file makes from the initial model and takes apart again for the evaluation. Cyclic exchanges with one client at a
   * time and passes on what came back. Neither needs other steps than these.
   */
}

/** The steps of a round, given to an algorithm for one attempt. */
export interface RoundSteps {
  readonly round: number
  readonly attempt: number
  readonly settings: RoundSettings
  /** The global weights, and whatever else the algorithm keeps, as of the last commit. */
  readonly state: GlobalState
  /** Draws this attempt's clients from those that are connected, as --sample asks. Sorted. */
  sample(): string[]
  /** Sends a state to clients and gathers their results, by the rules of a round. Throws RoundFailedError without a quorum. */
  exchange(request: ExchangeRequest): Promise<RoundCommit>
}
