/** Where a peer stands: what it knows of the round, and what it is doing about it. The rules are in `succession.ts`. */
import type { Confirmation } from './events.js'
import { aggregatorOf, type RotationRule } from './rotation.js'

export interface SwarmRules extends RotationRule {
  /** This peer's name. */
  self: string
}

export interface SwarmState {
  readonly rules: SwarmRules
  /** The round that is worked on, from 1; this peer holds the weights that the round before it committed. 0: none yet. */
  readonly round: number
  /** The highest attempt at it that this peer knows of. It takes no part in a lower one. */
  readonly attempt: number
  /** What this peer has confirmed in this round. It holds those weights until the commit. */
  readonly confirmed: Confirmation | null
  /** The first round in which this peer's vote counts. See {@link Stage} `returning`. */
  readonly votesFrom: number
  readonly stage: Stage
}

export type Stage =
  /** The round before was committed and is being cleaned up. This peer votes already and does nothing else. */
  | { readonly name: 'between' }
  /** Another peer aggregates. This one trains if it was drawn, sends it the result, keeps both, and waits for the commit. */
  | { readonly name: 'following' }
  /**
   * This peer is a successor. It asks everybody to promise to follow no lower attempt. A majority of promises shuts every
   * predecessor out: whatever one of them could still commit, a peer of this majority has confirmed, and will say so here.
   */
  | { readonly name: 'asking'; readonly promised: readonly string[]; readonly best: Held | null }
  /** Nobody has confirmed anything, or this is the first attempt: results are gathered and merged. */
  | { readonly name: 'collecting' }
  /** A predecessor's proposal was confirmed by somebody and may have been committed: only it may be proposed, so get it. */
  | { readonly name: 'fetching'; readonly digest: string }
  /** The new weights are on their way to all. When a majority, this peer included, has confirmed the digest, it is committed. */
  | { readonly name: 'proposing'; readonly digest: string; readonly confirmedBy: readonly string[] }
  /** Others are in a newer round: its weights are being fetched. What this peer had of the old round is void. */
  | { readonly name: 'catching-up'; readonly from: string }
  /**
   * This process was started anew under a name that had taken part, and its memory of promises and confirmations is gone. It
   * hears P - majority + 1 peers of whole memory. One of them took part in the last commit that needed this peer's vote, so
   * its lost votes lie at most one round after the newest that it hears of; in those rounds it trains but does not vote.
   */
  | { readonly name: 'returning'; readonly heard: Readonly<Record<string, number>> }

/** A confirmed proposal, and who holds its weights. */
export interface Held extends Confirmation {
  readonly holders: readonly string[]
}

export function majorityOf(peers: readonly string[]): number {
  return Math.floor(peers.length / 2) + 1
}

/** The aggregator of the turn that a peer is in. */
export function currentAggregator({ rules, round, attempt }: SwarmState): string {
  return aggregatorOf(rules, round, attempt)
}

/** Whether this peer's promise and confirmation count in the round that it is in. */
export function isVoting({ round, votesFrom }: SwarmState): boolean {
  return round >= votesFrom
}
