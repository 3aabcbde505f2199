/**
 * What the state machine of succession hears and what it wants done. Plain data on both sides: whether an event came over a
 * socket or out of a test's simulated network makes no difference to it. docs/swarm.md tells which messages carry them.
 */

/** A proposal that a peer has taken: it holds the weights of this digest. */
export interface Confirmation {
  attempt: number
  digest: string
}

/** Which turn at which round something belongs to. */
export interface Turn {
  round: number
  attempt: number
}

export type SwarmEvent =
  /** The round before is cleaned up, and this one may begin. */
  | { type: 'begin' }
  /** The aggregator of this turn is dead, silent, or has had all the time that a round may take. */
  | ({ type: 'suspect' } & Turn)
  /** Another peer has given the one before up, and says that it is this one's turn. */
  | ({ type: 'call' } & Turn)
  /** A successor asks for this peer's promise to follow no lower attempt. */
  | ({ type: 'ask'; from: string } & Turn)
  | ({ type: 'promise'; from: string; confirmed: Confirmation | null } & Turn)
  /** Somebody does not follow: it has promised that attempt, or is in that round already. */
  | ({ type: 'refusal'; from: string } & Turn)
  /** The own collection is merged into weights of this digest. */
  | ({ type: 'merged'; digest: string } & Turn)
  /** The own collection got too few results. */
  | ({ type: 'not-merged' } & Turn)
  /** Weights that another peer had confirmed were fetched, or could not be. */
  | { type: 'fetched'; digest: string }
  | { type: 'not-fetched'; digest: string }
  /** Proposed weights arrived whole. */
  | ({ type: 'proposal'; from: string; digest: string } & Turn)
  | ({ type: 'confirmation'; from: string; digest: string } & Turn)
  | ({ type: 'commit'; from: string; digest: string } & Turn)
  /** Somebody is in a newer round. */
  | { type: 'news'; from: string; round: number }
  | { type: 'caught-up'; round: number }
  | { type: 'not-caught-up' }
  /** The answer to an inquiry: the round that `from` is in, and whether its memory of that round is whole. */
  | { type: 'heard'; from: string; round: number; votes: boolean }

export type SwarmEffect =
  /** Stop collecting, spreading or fetching for a lower attempt. */
  | { do: 'stand-down' }
  /** Send the own result of the round, made or still in the making, to the aggregator of this turn. */
  | { do: 'submit' }
  /** Open a collection of results. */
  | ({ do: 'collect' } & Turn)
  | ({ do: 'ask' } & Turn)
  | ({ do: 'call'; to: string } & Turn)
  /** Get the weights of a confirmed proposal from one of these peers. */
  | { do: 'fetch'; digest: string; holders: readonly string[] }
  /** Send the weights of this digest to all others. */
  | ({ do: 'propose'; digest: string } & Turn)
  /** Make the weights of this digest the global ones: the round is over. */
  | ({ do: 'commit'; digest: string } & Turn)
  /** Tell all others that this digest is committed. */
  | ({ do: 'announce'; digest: string } & Turn)
  /** Get the weights of a newer round from this peer. */
  | { do: 'catch-up'; from: string }
  /** Ask all others which round they are in. */
  | { do: 'inquire' }

/** What goes back to the peer that asked or proposed. */
export type SwarmReply =
  | ({ type: 'promise'; confirmed: Confirmation | null } & Turn)
  | ({ type: 'confirmation'; digest: string } & Turn)
  | ({ type: 'refusal' } & Turn)
  /** Of a peer that is in an older round: ask again once it has caught up. */
  | ({ type: 'behind' } & Turn)
