/**
 * What an algorithm is: a file that states what one round does, out of the steps that all of them share (sample, exchange,
 * combine), and what a client makes of what it is sent. Rules that hold for every algorithm (checks, quorum, attempts, commit, cleanup, marks) are in
 * `rounds/` and `roles/`, and no algorithm repeats them. docs/adding-an-algorithm.md writes a new one.
 */
import type { ExchangeRequest, RoundCommit, RoundSettings } from '../rounds/exchange.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { Projection } from '../tensors/projection.js'
import type { TensorSpec, Weights } from '../tensors/weights.js'
import type { ClientSide, OwnOptions } from '../training/trainer.js'

export interface Algorithm extends ClientSide {
  /** Letters, digits, dots, dashes and underscores. */
  readonly name: string
  /** Options that it alone has, by name, each with its default: `--algorithm-option mu=0.1`. */
  readonly options?: Readonly<Record<string, number>>
  /** Settings that no round of it could run with. Throws UsageError. */
  check?(settings: RoundSettings): void
  /**
   * The tensors of its state, for one that keeps more than the model: first the model's, under `model/`, which begin as they
   * are and are what is evaluated; then others, which begin at zero. What clients are sent, and send, has the same tensors.
   */
  stateSpecs?(model: readonly TensorSpec[]): TensorSpec[]
  /**
   * One attempt at one round: the next state. `round.state` must not be changed, since a round that fails leaves it as it
   * was; one that is sure to commit may give it to an exchange as `spare`. Throws RoundFailedError.
   */
  run(round: RoundSteps): Promise<RoundCommit>
  /** With --debug, what does not hold of the state and of what the clients keep, as a sentence; undefined when all is well. */
  brokenInvariant?(state: Weights, kept: KeptByClients): string | undefined
}

/** What the clients of the job keep between rounds, by name; those that have never been part of a round keep zeros. */
export interface KeptByClients {
  settings: RoundSettings
  projections: ReadonlyMap<string, Projection>
  examples: ReadonlyMap<string, number>
}

/** The steps of a round, given to an algorithm for one attempt. */
export interface RoundSteps extends OwnOptions {
  readonly round: number
  readonly attempt: number
  readonly settings: RoundSettings
  /** The global weights, and whatever else the algorithm keeps, as of the last commit. */
  readonly state: GlobalState
  /** Examples of each client, as far as committed rounds have told. */
  readonly examples: ReadonlyMap<string, number>
  /** Every client of the job that has joined, connected or not. Sorted. */
  readonly clients: readonly string[]
  /** Those of them that are connected now. Sorted. */
  present(): readonly string[]
  /** Draws this attempt's clients from those that are connected, as --sample asks. Sorted. */
  sample(): string[]
  /** Sends a state to clients and gathers their results, by the rules of a round. Throws RoundFailedError without a quorum. */
  exchange(request: ExchangeRequest): Promise<RoundCommit>
}
