/** What a job should have come to, made again from whose results counted in each round: each once, and no other. */

import { openBuffered } from '../../src/federation/aggregation/in-memory.js'
import type { Algorithm } from '../../src/federation/algorithms/algorithm.js'
import { algorithmNamed } from '../../src/federation/algorithms/all.js'
import { initialState } from '../../src/federation/algorithms/state.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import type { ExchangeRequest, RoundCommit } from '../../src/federation/rounds/exchange.js'
import { LastResults } from '../../src/federation/rounds/last-results.js'
import { RoundFailedError } from '../../src/federation/rounds/result-collector.js'
import { stateInMemory } from '../../src/federation/tensors/global-state.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { createTrainer } from '../../src/federation/training/create-trainer.js'
import { initialWeights } from '../../src/federation/training/initial-weights.js'
import type { Trainer } from '../../src/federation/training/trainer.js'

/** A job that continues round by round, in this process and without a network. */
export class Replay {
  readonly #settings: ServerSettings
  readonly #algorithm: Algorithm
  readonly #names: readonly string[]
  readonly #trainers = new Map<string, Trainer>()
  readonly #kept = new Map<string, Weights>()
  readonly #contributions = new LastResults()
  #state: Weights
  #round = 0

  private constructor(settings: ServerSettings, names: readonly string[], state: Weights) {
    this.#settings = { ...settings, minClients: 1, summation: 'ordered' }
    this.#algorithm = algorithmNamed(settings.algorithm, undefined)
    this.#names = names
    this.#state = state
  }

  static async begin(settings: ServerSettings, names: readonly string[]): Promise<Replay> {
    const initial = initialState(algorithmNamed(settings.algorithm, undefined), initialWeights(settings, settings.seed))
    const replay = new Replay(settings, names, await copyOf(initial))
    for (const [index, name] of names.entries())
      replay.#trainers.set(name, await createTrainer(settings, { index, clients: names.length }, replay.#algorithm))
    return replay
  }

  /** What the next round makes of these results; nothing has happened before `commit` is called. */
  async next(accepted: readonly string[]): Promise<{ state: Weights; commit: () => void }> {
    const round = this.#round + 1
    const pending = new Map<string, Weights>()
    const { state, accepted: claims } = await this.#algorithm.run({
      round,
      attempt: 0,
      own: {},
      settings: this.#settings,
      state: stateInMemory(this.#state),
      examples: this.#contributions.examples,
      clients: this.#names,
      present: () => accepted,
      sample: () => [...accepted],
      exchange: (request) => this.#exchange(request, { round, accepted, pending }),
    })
    const next = await state.load()
    return {
      state: next,
      commit: () => {
        this.#round = round
        this.#state = next
        this.#contributions.commit(claims)
        for (const [name, kept] of pending) this.#kept.set(name, kept)
      },
    }
  }

  async #exchange(
    { clients, send, combination }: ExchangeRequest,
    { round, accepted, pending }: { round: number; accepted: readonly string[]; pending: Map<string, Weights> },
  ): Promise<RoundCommit> {
    const { specs } = send
    const aggregation = openBuffered({ round, attempt: 0, specs, combination, summation: 'ordered', metadata: {} })
    const claims = []
    for (const client of clients.filter((name) => accepted.includes(name))) {
      const sent = await copyOf(await send.load())
      const trained = await this.#trainers.get(client)!.train(sent, round, { kept: this.#kept.get(client) })
      const { weights, numExamples, steps, keep } = trained
      if (keep !== undefined) pending.set(client, keep)
      const claim = { client, round, attempt: 0, numExamples, steps }
      ;(await aggregation.receive(weights, claim)).count()
      claims.push(claim)
    }
    if (claims.length === 0) throw new RoundFailedError('no result was accepted')
    return { state: await aggregation.combine(send), accepted: claims }
  }
}

async function copyOf({ specs, data }: { specs: Weights['specs']; data: Iterable<Weights['data'][number]> }) {
  return { specs, data: [...data].map((tensor) => tensor.slice()) }
}
