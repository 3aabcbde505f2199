import { createHash } from 'node:crypto'

export interface RotationRule {
  /** `round-robin`, `random`, `fixed`, or names with commas between, one for each round, over and over. */
  rotation: string
  /** Those that may aggregate: all peers of the job, sorted. */
  peers: readonly string[]
  /** Of the job; `random` draws with it. */
  seed: number
}

/**
 * The peer whose turn it is, by a rule that every peer can evaluate by itself. Rounds count from 1, attempts from 0.
 *
 * - `round-robin`: `order[(r + attempt) mod P]` over the sorted peers, with r = round - 1.
 * - `random`: a uniform draw by the SHA-256 of "seed/round/attempt", so that a run can be repeated and anybody can check it.
 * - `fixed`: the first peer; after it, should it die, the one after it, and so on.
 * - a list: the name at the round's place; should it die, the peers after it in sorted order.
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

/** The names of a given list that are no peers of the job. */
export function strangersOf({ rotation, peers }: RotationRule): string[] {
  if (['round-robin', 'random', 'fixed'].includes(rotation)) return []
  return rotation.split(',').filter((name) => !peers.includes(name))
}

/** From 0 to `count` - 1. 48 bits of the hash: the bias of the remainder is below 1000 / 2^48. */
function draw(key: string, count: number): number {
  return createHash('sha256').update(key).digest().readUIntBE(0, 6) % count
}
