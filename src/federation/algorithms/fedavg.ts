import type { Scale } from '../aggregation/aggregation.js'
import type { RoundSettings } from '../rounds/exchange.js'
import type { ResultClaim } from '../transport/messages.js'
import type { Algorithm } from './algorithm.js'

/**
 * Federated averaging: clients train from the global weights x, and x moves towards the mean of
 * their results.
 *
 *     x <- x + eta_g * sum over R_r of p_i * (y_i - x)
 *
 * p_i is n_i over the examples accepted in this round (the corrected form of McMahan et al. 2017,
 * arXiv:1602.05629v4), or 1/|R_r|. With eta_g = 1 it is the original.
 */
export const fedavg: Algorithm = {
  name: 'fedavg',
  run: (round) =>
    round.exchange({
      clients: round.sample(),
      send: round.state,
      minClients: round.settings.minClients,
      combination: weightedMean(round.settings),
    }),
}

/** Returns a {@link Combination} that is the same for all tensors. */
export function weightedMean({
  weighting,
  serverLearningRate,
}: Pick<RoundSettings, 'weighting' | 'serverLearningRate'>): {
  weight(claim: ResultClaim): number
  scale(accepted: readonly ResultClaim[]): Required<Scale>
} {
  const weight = (claim: ResultClaim) => (weighting === 'examples' ? claim.numExamples : 1)
  return {
    weight,
    scale: (accepted) => ({
      keep: 1 - serverLearningRate,
      rate: serverLearningRate,
      total: accepted.reduce((sum, claim) => sum + weight(claim), 0),
    }),
  }
}
