import { assertScaffold } from '../../options/job-check.js'
import type { Combination } from '../aggregation/aggregation.js'
import { project } from '../tensors/projection.js'
import { partOf, specsOfPart } from '../tensors/tensor-prefix.js'
import type { ResultClaim } from '../transport/messages.js'
import type { Algorithm, KeptByClients, RoundSteps } from './algorithm.js'
import { weightedMean } from './fedavg.js'

/**
 * SCAFFOLD (Karimireddy et al. 2020, arXiv:1910.06378): the server keeps the model x and a control
 * variate c, each client its own c_i, and local training is corrected by c - c_i. Clients send
 * differences:
 *
 *     x <- x + eta_g * sum over R_r of p_i * dy_i
 *     c <- c + 1/N   * sum over R_r of dc_i              (N: all clients of the job)
 *
 * so c stays the mean of all c_i. p_i is 1/|R_r|, as in the paper. Weighted by examples, which the
 * paper does not have, p_i is n_i over the examples of R_r, and dc_i counts n_i over the examples
 * of all N clients.
 *
 * The client's side is `training/scaffold-trainer.ts`. A client's new c_i counts once the server
 * has confirmed it.
 */
export const scaffold: Algorithm = {
  name: 'scaffold',
  check: assertScaffold,
  sendsDifferences: true,
  trainer: async (training, { scaffoldOption }) => {
    const { createScaffoldTrainer } = await import('../training/scaffold-trainer.js')
    return createScaffoldTrainer(training, scaffoldOption)
  },
  stateSpecs: (model) => [...specsOfPart('model', model), ...specsOfPart('control', model)],
  run: (round) =>
    round.exchange({
      clients: round.sample(),
      send: round.state,
      minClients: quorum(round),
      combination: sumOfDifferences(round),
    }),
  brokenInvariant: (state, kept) => controlIsNotTheMean(project(partOf(state, 'control')).sum, kept),
}

/**
 * The sum of all clients' examples is known once each took part in a round, so weighting by
 * examples needs all of them in the first.
 */
function quorum({ settings, examples }: RoundSteps): number {
  const isKnown = settings.weighting === 'uniform' || examples.size === settings.clients
  return isKnown ? settings.minClients : settings.clients
}

function sumOfDifferences({ settings, examples }: RoundSteps): Combination {
  const mean = weightedMean(settings)
  const weight = (claim: ResultClaim) => mean.weight(claim)
  const totalOfAll = (accepted: readonly ResultClaim[]) => {
    if (settings.weighting === 'uniform') return settings.clients
    const all = new Map([...examples, ...accepted.map((claim) => [claim.client, claim.numExamples] as const)])
    return sumOf(all.values())
  }
  return {
    weight,
    scale: (accepted, { name }) => {
      if (name.startsWith('control/')) return { keep: 1, rate: 1, total: totalOfAll(accepted) }
      return { ...mean.scale(accepted), keep: 1 }
    },
  }
}

/**
 * c and the c_i are rounded in every round; their difference stays far below this share of the
 * largest c_i.
 */
const ROUNDING = 1e-4

/**
 * Checks c = (1/N) sum of c_i through a projection of each: a client that moved its c_i alone shows
 * as a difference.
 */
function controlIsNotTheMean(control: number, { settings, projections, examples }: KeptByClients): string | undefined {
  const weight = (client: string) => (settings.weighting === 'uniform' ? 1 : examples.get(client)!)
  const total = settings.weighting === 'uniform' ? settings.clients : sumOf(examples.values())
  const mean = sumOf([...projections].map(([client, { sum }]) => (weight(client) / total) * sum))
  const scale = Math.max(0, ...[...projections.values()].map((each) => each.scale))
  if (Math.abs(control - mean) <= ROUNDING * scale + Number.EPSILON) return undefined
  return `the control variate c is not the mean of the clients' c_i: their projections are ${control} and ${mean}`
}

function sumOf(values: Iterable<number>): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
