import { createHash } from 'node:crypto'

export interface RotationRule {
  /**
   * `round-robin`, `random`, `fixed`, or a list of names separated by commas, one a round,
   * repeated.
   */
  rotation: string
  /** All peers of the job, sorted. */
  peers: readonly string[]
  /** The job's seed, used by `random`. */
  seed: number
}

/**
 * Returns the peer that aggregates, by a rule that every peer evaluates alone. Rounds count from 1,
 * attempts from 0.
 *
 * - `round-robin`: `order[(r + attempt) mod P]` over the sorted peers, with r = round - 1.
 * - `random`: a uniform draw by the SHA-256 of "seed/round/attempt", so a run can be repeated and
 *   checked.
 * - `fixed`: the first peer; if it dies, the next one, and so on.
 * - a list: the name at the round's place; if it dies, the peers after it in sorted order.
 */
export function aggregatorOf(rule: RotationRule, round: number, attempt: number): string {
  const { rotation, peers } = rule
  if (rotation === 'random') return peers[draw(`${rule.seed}/${round}/${attempt}`, peers.length)]!
  if (rotation === 'round-robin') return peers[(round - 1 + attempt) % peers.length]!
  if (rotation === 'fixed') return peers[attempt % peers.length]!
  const list = rotation.split(',')
  const first = peers.indexOf(list[(round - 1) % list.length]!)
  return peers[(first + attempt) % peers.length]!
}

/** Returns the names in a given list that are not peers of the job. */
export function strangersOf({ rotation, peers }: RotationRule): string[] {
  if (['round-robin', 'random', 'fixed'].includes(rotation)) return []
  return rotation.split(',').filter((name) => !peers.includes(name))
}

/**
 * Returns a number from 0 to `count` - 1. It uses 48 bits of the hash; the remainder's bias is
 * below 1000 / 2^48.
 */
function draw(key: string, count: number): number {
  return createHash('sha256').update(key).digest().readUIntBE(0, 6) % count
}
