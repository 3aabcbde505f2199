/**
 * The events and effects of the consensus, as plain data: whether an event came over a socket or
 * from a test's simulated network makes no difference. docs/swarm.md lists the messages that carry
 * them.
 */

/** A proposal that a peer accepted: it holds the weights of this digest. */
export interface Confirmation {
  attempt: number
  digest: string
}

/** A round and an attempt at it. */
export interface Turn {
  round: number
  attempt: number
}

export type SwarmEvent =
  /** The round before is cleaned up, and the next may begin. */
  | { type: 'begin' }
  /** The aggregator of this turn is dead, silent, or out of time. */
  | ({ type: 'suspect' } & Turn)
  /** Another peer gave up the aggregator before, and calls this peer to its turn. */
  | ({ type: 'call' } & Turn)
  /** A successor asks this peer to promise that it follows no lower attempt. */
  | ({ type: 'ask'; from: string } & Turn)
  | ({ type: 'promise'; from: string; confirmed: Confirmation | null } & Turn)
  /** A peer refuses: it promised that attempt, or is already in that round. */
  | ({ type: 'refusal'; from: string } & Turn)
  /** This peer's results are merged into weights of this digest. */
  | ({ type: 'merged'; digest: string } & Turn)
  /** This peer's collection received too few results. */
  | ({ type: 'not-merged' } & Turn)
  /** Weights that another peer confirmed were fetched, or could not be. */
  | { type: 'fetched'; digest: string }
  | { type: 'not-fetched'; digest: string }
  /** Proposed weights arrived complete. */
  | ({ type: 'proposal'; from: string; digest: string } & Turn)
  | ({ type: 'confirmation'; from: string; digest: string } & Turn)
  | ({ type: 'commit'; from: string; digest: string } & Turn)
  /** A peer is in a newer round. */
  | { type: 'news'; from: string; round: number }
  | { type: 'caught-up'; round: number }
  | { type: 'not-caught-up' }
  /**
   * The answer to an inquiry: the round of `from`, and whether it remembers that round completely.
   */
  | { type: 'heard'; from: string; round: number; votes: boolean }

export type SwarmEffect =
  /** Stop collecting, spreading or fetching for a lower attempt. */
  | { do: 'stand-down' }
  /**
   * Send this peer's result of the round, finished or still in training, to the aggregator of this
   * turn.
   */
  | { do: 'submit' }
  /** Open a collection of results. */
  | ({ do: 'collect' } & Turn)
  | ({ do: 'ask' } & Turn)
  | ({ do: 'call'; to: string } & Turn)
  /** Fetch the weights of a confirmed proposal from one of these peers. */
  | { do: 'fetch'; digest: string; holders: readonly string[] }
  /** Send the weights of this digest to all others. */
  | ({ do: 'propose'; digest: string } & Turn)
  /** Make the weights of this digest the global ones; the round is over. */
  | ({ do: 'commit'; digest: string } & Turn)
  /** Tell all others that this digest is committed. */
  | ({ do: 'announce'; digest: string } & Turn)
  /** Fetch the weights of a newer round from this peer. */
  | { do: 'catch-up'; from: string }
  /** Ask all others which round they are in. */
  | { do: 'inquire' }

/** The answer to a peer that asked or proposed. */
export type SwarmReply =
  | ({ type: 'promise'; confirmed: Confirmation | null } & Turn)
  | ({ type: 'confirmation'; digest: string } & Turn)
  | ({ type: 'refusal' } & Turn)
  /** This peer is in an older round: ask again once it has caught up. */
  | ({ type: 'behind' } & Turn)
