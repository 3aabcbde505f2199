import { namedOrder } from '../../options/job-check.js'
import { UsageError } from '../../shared/errors.js'
import { compareText, sampleClients } from '../rounds/sample.js'

export interface OrderDraw {
  /** All clients of the job, sorted. */
  clients: readonly string[]
  seed: number
  /** From 1. */
  round: number
}

/**
 * Returns the order in which clients train. A pure function of the seed and the round: a restarted
 * server, and a reader of the log, find the same one.
 *
 * - `fixed`: by name, the same every round
 * - `random`: shuffled every round
 * - `random-without-same-in-a-row`: likewise, but a client that was last and would now be first
 *   goes to the end
 * - `a,b,c`: as given
 *
 * @throws UsageError when a given order names a client that has not joined
 */
export function cyclicOrder(order: string, draw: OrderDraw): string[] {
  const names = namedOrder(order)
  if (names !== undefined) return givenOrder(names, draw.clients)
  if (order === 'fixed') return [...draw.clients].sort(compareText)
  return order === 'random' ? shuffled(draw) : withoutSameInARow(draw)
}

function givenOrder(names: string[], clients: readonly string[]): string[] {
  const unknown = names.filter((name) => !clients.includes(name))
  if (unknown.length === 0) return names
  throw new UsageError(`--order names ${unknown.join(', ')}, and the clients of the job are ${clients.join(', ')}`, {
    fix: 'Name clients that have joined, or use --order fixed.',
  })
}

/** Draws the next client from the rest again and again, by the same seeded draw as everywhere. */
function shuffled({ clients, seed, round }: OrderDraw): string[] {
  const order: string[] = []
  for (let left = [...clients]; left.length > 0; left = left.filter((name) => !order.includes(name)))
    order.push(sampleClients(left, 1, { seed, round, attempt: order.length })[0]!)
  return order
}

/** Whether a client goes to the end depends on the round before, and so back to the first. */
function withoutSameInARow(draw: OrderDraw): string[] {
  let order: string[] = []
  for (let round = 1; round <= draw.round; round++) {
    const last = order.at(-1)
    order = shuffled({ ...draw, round })
    if (order.length > 1 && order[0] === last) order.push(order.shift()!)
  }
  return order
}
