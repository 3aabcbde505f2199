/**
 * What server and clients tell each other, apart from the weights. How it looks on the wire is in `protocol.ts` and, for
 * readers of other languages, in docs/wire-protocol.md.
 */
import type { Projection } from '../tensors/projection.js'

/** Plain names only: they become parts of log lines, marks and file names. */
export const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** One attempt at one round. Rounds count from 1, attempts at one round from 0. */
export interface RoundAttempt {
  round: number
  attempt: number
}

/** What a client says of a result, before its tensors. */
export interface ResultClaim extends RoundAttempt {
  client: string
  /** Examples that it trained on. NaN where the client sent no number. */
  numExamples: number
  /** Local steps that it really made. */
  steps: number
  /** With --debug, of a client that keeps something between rounds: a look at it before this round, and as this result leaves it. */
  kept?: { before: Projection; after: Projection }
}

/**
 * What became of a result.
 *
 * - `accepted`: it counts, once the round commits.
 * - `duplicate`: an accepted result of this client is there already; sending again was safe and changed nothing.
 * - `not-counted`: no examples, so no vote; it is not part of the quorum either.
 * - `late`: the round, the attempt or, in Cyclic, the client's turn is over; `round` is the one that the server is in.
 * - `rejected`: it breaks a rule, and left no trace. The client may send a better one while the round lasts.
 */
export type Verdict =
  | { state: 'accepted' }
  | { state: 'duplicate' }
  | { state: 'not-counted' }
  | { state: 'late'; round: number; reason: string }
  | { state: 'rejected'; reason: string }

/** What a client gets when it has joined. */
export interface JoinAnswer {
  /** Tells one run of a server from the next: a client of an earlier run has to join anew. */
  job: string
  /** Goes with every further request; a second process under the same name gets another one, and the first is told so. */
  session: string
  /** The job's settings, by the keys of the option tables. */
  settings: Record<string, string | number | boolean>
}

/** A client's place among all: it picks the client's share of the data. Told with each task, since it is known once all have joined. */
export interface Place {
  /** From 0, in the sorted order of names. */
  index: number
  clients: number
}

/** What a client is to do next; `train` comes with weights. */
export type TaskHead =
  | { task: 'wait' }
  | ({ task: 'train'; place: Place } & RoundAttempt & Confirmation)
  | ({ task: 'done' } & Confirmation)
  | ({ task: 'failed'; message: string } & Confirmation)

export interface Confirmation {
  /**
   * The last result of this client that a committed round has taken. Whatever else it has sent came to nothing, so what it
   * would keep from that is to be forgotten. Undefined when there is none.
   */
  confirmed?: RoundAttempt | undefined
}
