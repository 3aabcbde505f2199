import type { trainingOptions } from '../../options/federation.js'
import type { OptionValues } from '../../options/types/spec.js'
import { createRandom, shuffledIndices } from './random.js'

export interface DataPartition {
  split: OptionValues<typeof trainingOptions>['split']
  seed: number
  clients: number
}

/**
 * Shards a client gets when examples are dealt by label; two, as in McMahan et al. 2017, so that
 * most see two digits.
 */
const SHARDS_PER_CLIENT = 2

/**
 * Deals examples to clients: the positions in `labels` that each one gets, every position once.
 * Parts differ by one example at most (by two with `label`); with more clients than examples some
 * get none.
 *
 * `iid` shuffles them. `label` sorts them by label, cuts that into twice as many shards as there
 * are clients, and gives each client two shards at random. Either way a client's own examples are
 * shuffled, since training takes them as they lie.
 */
export function partitionExamples(labels: ArrayLike<number>, { split, seed, clients }: DataPartition): number[][] {
  const random = createRandom(seed, 'dealing')
  const shuffled = shuffledIndices(labels.length, random)
  if (split === 'iid') return cut(shuffled, clients)
  const shards = cut(
    shuffled.sort((a, b) => labels[a]! - labels[b]!),
    clients * SHARDS_PER_CLIENT,
  )
  const order = shuffledIndices(shards.length, random)
  return cut(order, clients).map((own) => {
    const part = own.flatMap((shard) => shards[shard]!)
    return shuffledIndices(part.length, random).map((index) => part[index]!)
  })
}

function cut<T>(items: readonly T[], parts: number): T[][] {
  const border = (part: number) => Math.floor((part * items.length) / parts)
  return Array.from({ length: parts }, (_, part) => items.slice(border(part), border(part + 1)))
}
