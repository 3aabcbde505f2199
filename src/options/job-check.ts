/**
 * Rules between several options of a job, which no single option can check. A role checks them as
 * it starts, and a comparison before its first trial.
 */

import { UsageError } from '../shared/errors.js'
import { count } from '../shared/text.js'

interface Job {
  algorithm: string
  clients: number
  sample: number
  minClients: number
  order?: string | undefined
  weighting?: string | undefined
}

/** @throws UsageError for options with which no round of the job could run */
export function assertRoundsCanRun(job: Job): void {
  if (job.algorithm === 'cyclic') assertCyclic({ clients: job.clients, order: job.order ?? 'fixed' })
  if (job.algorithm === 'scaffold') assertScaffold({ sample: job.sample, weighting: job.weighting })
  assertQuorum(job, job.algorithm === 'swarm' ? 'peer' : 'client')
}

export function assertQuorum(
  { sample, clients, minClients }: Pick<Job, 'sample' | 'clients' | 'minClients'>,
  role: 'client' | 'peer' = 'client',
): void {
  const sampled = sampleSize(sample, clients)
  if (minClients > sampled)
    throw new UsageError(`--min-clients is ${minClients}, and a round draws ${sampled} of ${count(clients, role)}`, {
      fix: `Give --min-clients ${sampled} or less, or raise --clients or --sample.`,
    })
}

export function assertCyclic({ clients, order }: { clients: number; order: string }): void {
  if (clients < 2)
    throw new UsageError(`Cyclic hands weights from client to client, and the job has ${clients}`, {
      fix: 'Give --clients 2 or more.',
    })
  const names = namedOrder(order)
  if (names !== undefined && new Set(names).size !== names.length)
    throw new UsageError(`--order ${order} names a client twice`, { fix: 'Name each client once.' })
}

export function assertScaffold({ sample, weighting }: Pick<Job, 'sample' | 'weighting'>): void {
  if (weighting === 'examples' && sample < 1)
    throw new UsageError(
      `SCAFFOLD weighted by examples needs the examples of every client, and --sample ${sample} leaves clients out`,
      { fix: 'Use --weighting uniform, which is the one of the paper, or --sample 1.' },
    )
}

/**
 * Returns how many of `numClients` a share is; at least one (McMahan et al. 2017, where C = 0 means
 * one client).
 */
export function sampleSize(share: number, numClients: number): number {
  return Math.max(1, Math.round(share * numClients))
}

const ORDERS = ['fixed', 'random', 'random-without-same-in-a-row']

/** Returns the names of a given order; undefined where --order is a rule. */
export function namedOrder(order: string): string[] | undefined {
  return ORDERS.includes(order) ? undefined : order.split(',').map((name) => name.trim())
}
