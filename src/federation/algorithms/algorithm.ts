/**
 * An algorithm is a file that states what one round does with the shared steps (sample, exchange,
 * combine), and what a client makes of what it receives. Rules that hold for every algorithm
 * (checks, quorum, attempts, commit, cleanup, marks) are in `rounds/` and `server/`.
 * docs/adding-an-algorithm.md writes a new one.
 */
import type { ExchangeRequest, RoundCommit, RoundSettings } from '../rounds/exchange.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { Projection } from '../tensors/projection.js'
import type { TensorSpec, Weights } from '../tensors/weights.js'
import type { ClientSide, OwnOptions } from '../training/trainer.js'

export interface Algorithm extends ClientSide {
  /** Letters, digits, dots, dashes and underscores. */
  readonly name: string
  /** Options of this algorithm alone, by name, with their defaults: `--algorithm-option mu=0.1`. */
  readonly options?: Readonly<Record<string, number>>
  /** Throws UsageError for settings with which no round could run. */
  check?(settings: RoundSettings): void
  /**
   * The tensors of its state, if it keeps more than the model: first the model's, under `model/`,
   * which start as they are and are evaluated; then others, which start at zero. Clients receive
   * and send the same tensors.
   */
  stateSpecs?(model: readonly TensorSpec[]): TensorSpec[]
  /**
   * Runs one attempt at one round and returns the next state. It must not change `round.state`,
   * since a failed round leaves it as it was; an attempt that is sure to commit may pass it to an
   * exchange as `spare`. Throws RoundFailedError.
   */
  run(round: RoundSteps): Promise<RoundCommit>
  /**
   * With --debug, returns a sentence about a broken invariant between the state and what clients
   * keep; undefined when all hold.
   */
  brokenInvariant?(state: Weights, kept: KeptByClients): string | undefined
}

/** What the clients keep between rounds, by name. Clients that took part in no round keep zeros. */
export interface KeptByClients {
  settings: RoundSettings
  projections: ReadonlyMap<string, Projection>
  examples: ReadonlyMap<string, number>
}

/** The steps of a round, for one attempt. */
export interface RoundSteps extends OwnOptions {
  readonly round: number
  readonly attempt: number
  readonly settings: RoundSettings
  /** The global weights and the algorithm's other state, as of the last commit. */
  readonly state: GlobalState
  /** Examples of each client, as far as committed rounds know them. */
  readonly examples: ReadonlyMap<string, number>
  /** All joined clients of the job, connected or not. Sorted. */
  readonly clients: readonly string[]
  /** Returns those that are connected now. Sorted. */
  present(): readonly string[]
  /** Draws this attempt's clients from the connected ones, as --sample asks. Sorted. */
  sample(): string[]
  /**
   * Sends a state to clients and gathers their results, by the rules of a round. Throws
   * RoundFailedError without a quorum.
   */
  exchange(request: ExchangeRequest): Promise<RoundCommit>
}
