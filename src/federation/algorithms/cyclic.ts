import { assertCyclic } from '../../options/job-check.js'
import type { Combination } from '../aggregation/aggregation.js'
import { type OtherStanding, RoundFailedError } from '../rounds/result-collector.js'
import { compareText } from '../rounds/sample.js'
import type { GlobalState } from '../tensors/global-state.js'
import type { ResultClaim } from '../transport/messages.js'
import type { Algorithm, RoundSteps } from './algorithm.js'
import { cyclicOrder } from './cyclic-order.js'

/**
 * Cyclic weight transfer (Chang et al. 2018, JAMIA 25:945): the weights go round the clients, each
 * trains on from what the one before it made, and the last one's result is the next model. Nothing
 * is averaged.
 *
 *     y <- x;  for k = 1..n:  y <- local training of client i_k from y;   x <- y
 *
 * A client that is absent, fails, or breaks a rule is skipped: the next one receives the last good
 * weights, and a later result of the skipped one is late. The round commits when --min-clients hops
 * have succeeded; else x stays as it was.
 */
export const cyclic: Algorithm = cyclicBy(({ round, settings, clients }) =>
  cyclicOrder(settings.order, { clients, seed: settings.seed, round }),
)

/** Does the same with the order of each round given by a function: names of clients, each once. */
export function cyclicBy(orderOf: (round: RoundSteps) => readonly string[]): Algorithm {
  return {
    name: 'cyclic',
    check: assertCyclic,
    run: async (round) => {
      const drawn = new Set(round.sample())
      return goRound(
        round,
        orderOf(round).filter((client) => drawn.has(client)),
      )
    },
  }
}

async function goRound(round: RoundSteps, order: readonly string[]): ReturnType<Algorithm['run']> {
  const { minClients } = round.settings
  let state = round.state
  /**
   * The weights two hops back. The next result reuses their memory, so the number of clients does
   * not raise a round's memory.
   */
  let spare: GlobalState | undefined
  const accepted: ResultClaim[] = []
  const skipped: string[] = []
  const standings = new Map<string, OtherStanding>(order.map((client) => [client, 'to-come']))
  for (const [hop, client] of order.entries()) {
    if (accepted.length + order.length - hop < minClients) break
    standings.set(client, 'passed')
    if (!round.present().includes(client)) {
      skipped.push(`${client}: it is not connected`)
      continue
    }
    try {
      const others = new Map(standings)
      const request = { clients: [client], others, send: state, spare, minClients: 1, combination: HAND_OVER }
      const next = await round.exchange(request)
      accepted.push(...next.accepted)
      standings.set(client, 'accepted')
      // The weights of the round's start are needed until it is sure to commit.
      spare = state !== round.state || accepted.length >= minClients ? state : undefined
      state = next.state
    } catch (error) {
      if (!(error instanceof RoundFailedError)) throw error
      // The skipped client may have been writing there.
      spare = undefined
      skipped.push(`${client}: ${error.message}`)
    }
  }
  if (accepted.length === 0 || accepted.length < minClients)
    throw new RoundFailedError(
      `round ${round.round} made ${accepted.length} of the ${minClients} hops that it needs; ${skipped.join('; ')}`,
    )
  return { state, accepted: accepted.sort((a, b) => compareText(a.client, b.client)) }
}

/** A client's result replaces what it received. */
const HAND_OVER: Combination = { weight: () => 1, scale: () => ({ keep: 0, rate: 1 }) }
