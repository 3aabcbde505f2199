/**
 * The state of a peer: what it knows of the round, and what it is doing. The rules are in
 * `consensus.ts`.
 */
import type { Confirmation } from './events.js'
import { aggregatorOf, type RotationRule } from './rotation.js'

export interface SwarmRules extends RotationRule {
  /** This peer's name. */
  self: string
}

export interface SwarmState {
  readonly rules: SwarmRules
  /**
   * The current round, from 1; this peer holds the weights that the round before committed. 0 means
   * none yet.
   */
  readonly round: number
  /** The highest attempt that this peer knows of. It takes part in no lower one. */
  readonly attempt: number
  /** What this peer confirmed in this round. It holds those weights until the commit. */
  readonly confirmed: Confirmation | null
  /** The first round in which this peer's vote counts. See {@link Stage} `returning`. */
  readonly votesFrom: number
  readonly stage: Stage
}

export type Stage =
  /**
   * The round before is committed and its cleanup runs. This peer already votes and does nothing
   * else.
   */
  | { readonly name: 'between' }
  /**
   * Another peer aggregates. If this one was drawn, it trains and sends its result. It keeps the
   * result and waits for the commit.
   */
  | { readonly name: 'following' }
  /**
   * This peer is a successor. It asks all others to promise that they follow no lower attempt. A
   * majority of promises excludes every predecessor: whatever a predecessor could still commit, a
   * peer of this majority has confirmed and reports here.
   */
  | { readonly name: 'asking'; readonly promised: readonly string[]; readonly best: Held | null }
  /** No proposal was confirmed, or this is the first attempt: gather results and merge them. */
  | { readonly name: 'collecting' }
  /**
   * A predecessor's proposal was confirmed and may have been committed. Only that one may be
   * proposed, so fetch it.
   */
  | { readonly name: 'fetching'; readonly digest: string }
  /**
   * The new weights are being sent. They commit once a majority, this peer included, has confirmed
   * the digest.
   */
  | { readonly name: 'proposing'; readonly digest: string; readonly confirmedBy: readonly string[] }
  /**
   * Others are in a newer round and its weights are being fetched. The old round's data is void.
   */
  | { readonly name: 'catching-up'; readonly from: string }
  /**
   * This process restarted under a known name and has lost its promises and confirmations. It hears
   * P - majority + 1 peers with complete memory. One of them took part in the last commit that
   * needed this peer's vote, so its lost votes are at most one round after the newest that it hears
   * of. In those rounds it trains but does not vote.
   */
  | { readonly name: 'returning'; readonly heard: Readonly<Record<string, number>> }

/** A confirmed proposal and the peers that hold its weights. */
export interface Held extends Confirmation {
  readonly holders: readonly string[]
}

export function majorityOf(peers: readonly string[]): number {
  return Math.floor(peers.length / 2) + 1
}

/** Returns the aggregator of the peer's current turn. */
export function currentAggregator({ rules, round, attempt }: SwarmState): string {
  return aggregatorOf(rules, round, attempt)
}

/** Returns whether this peer's promise and confirmation count in its current round. */
export function isVoting({ round, votesFrom }: SwarmState): boolean {
  return round >= votesFrom
}
