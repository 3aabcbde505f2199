/**
 * The messages between server and clients, apart from the weights. Their form on the wire is in
 * `protocol.ts` and docs/wire-protocol.md.
 */
import type { Projection } from '../tensors/projection.js'

/** Plain names only: they become parts of log lines, marks and file names. */
export const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** One attempt at one round. Rounds count from 1, attempts at one round from 0. */
export interface RoundAttempt {
  round: number
  attempt: number
}

/** What a client claims of a result, before its tensors. */
export interface ResultClaim extends RoundAttempt {
  client: string
  /** Examples that it trained on. NaN where the client sent no number. */
  numExamples: number
  /** Local steps that it made. */
  steps: number
  /**
   * With --debug, of a stateful client: projections of its state before this round and after this
   * result.
   */
  kept?: { before: Projection; after: Projection }
}

/**
 * How a result was judged.
 *
 * - `accepted`: it counts, once the round commits.
 * - `duplicate`: an accepted result of this client exists; sending again was safe and changed
 *   nothing.
 * - `not-counted`: it has no examples, so no vote and no part in the quorum.
 * - `late`: the round, the attempt or, in Cyclic, the client's turn is over; `round` is the
 *   server's.
 * - `rejected`: it breaks a rule and left no trace. The client may send a better one while the
 *   round lasts.
 */
export type Verdict =
  | { state: 'accepted' }
  | { state: 'duplicate' }
  | { state: 'not-counted' }
  | { state: 'late'; round: number; reason: string }
  | { state: 'rejected'; reason: string }

/** The answer to a client that joined. */
export interface JoinAnswer {
  /** Identifies one run of a server: a client of an earlier run has to join again. */
  job: string
  /**
   * Part of every further request. A second process under the same name gets another one, and the
   * first is refused.
   */
  session: string
  /** The job's settings, by the keys of the option tables. */
  settings: Record<string, string | number | boolean>
}

/**
 * A client's place among all, which picks its share of the data. It comes with each task, since it
 * is known once all have joined.
 */
export interface Place {
  /** From 0, in the order of sorted names. */
  index: number
  clients: number
}

/** A client's next task; `train` comes with weights. */
export type TaskHead =
  | { task: 'wait' }
  | ({ task: 'train'; place: Place } & RoundAttempt & Confirmation)
  | ({ task: 'done' } & Confirmation)
  | ({ task: 'failed'; message: string } & Confirmation)

export interface Confirmation {
  /**
   * This client's last result in a committed round; undefined when there is none. A client drops
   * what it would keep from any other result.
   */
  confirmed?: RoundAttempt | undefined
}
