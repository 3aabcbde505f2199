/** Every swarm case of the golden vectors through a real coordinator and real peers, over sockets. */

import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  readCases,
  specsOf,
  type TrainingCase,
  toleranceOf,
  trainerOf,
  weightsOf,
} from '../../experiments/support/golden.js'
import { copyOf } from '../../experiments/support/job-in-process.js'
import type { MakeTrainer } from '../../src/federation/process/job.js'
import type { TensorType, Weights } from '../../src/federation/tensors/weights.js'
import { StoppedError } from '../../src/shared/errors.js'
import { expectModel, expectWeights } from './expect-golden.js'
import { waitForMark } from './fake-role.js'
import { get } from './raw-client.js'
import { type StartedPeer, type StartedSwarm, startSwarm } from './swarm/start-swarm.js'

interface SwarmCase extends TrainingCase {
  config: TrainingCase['config'] & {
    rotation: 'round-robin' | 'given'
    aggregators: string[]
    failures?: { round: number; aggregator: string; successor: string }[]
  }
  expected: { rounds: (TrainingCase['expected']['rounds'][number] & { aggregator: string })[] }
}

const cases = readCases<SwarmCase>('swarm')
const types: TensorType[] = ['F64', 'F32']

it('there are cases to run', () => {
  expect(cases.length).toBeGreaterThan(0)
})

describe.each(cases)('$id', (golden) => {
  it.each(types)('has the weights, the aggregator and the contributors of every round, in %s', async (dtype) => {
    const committed = await runCase(golden, dtype)
    const tolerance = toleranceOf(golden, dtype)
    for (const expected of golden.expected.rounds) {
      const { round } = expected
      const found = committed.get(round)!
      expect(found.aggregator, `aggregator of round ${round}`).toBe(expected.aggregator)
      const accepted = Object.keys(expected.clients).filter((client) => expected.clients[client]!.accepted)
      expect(found.accepted, `contributors of round ${round}`).toEqual(accepted.sort())
      expectModel(golden, found.weights, { expected, tolerance })
    }
  })
})

interface Committed {
  weights: Weights
  aggregator: string
  accepted: string[] | undefined
}

async function runCase(golden: SwarmCase, dtype: TensorType): Promise<Map<number, Committed>> {
  const { config, clients } = golden
  const swarm = await startSwarm({
    clients: clients.length,
    rounds: config.rounds,
    minClients: config.minClients ?? 1,
    serverLearningRate: config.serverLr ?? 1,
    weighting: config.weighting ?? 'examples',
    rotation: config.rotation === 'given' ? config.aggregators.join(',') : config.rotation,
  })
  const play = new Play(golden, dtype, swarm)
  for (const { id } of clients) play.start(id)
  await swarm.done
  const finals = await Promise.all(play.living().map(({ done }) => done))
  for (const final of finals)
    expectWeights(final, golden.expected.rounds.at(-1)!.weights, toleranceOf(golden, dtype), 'the final weights')
  return play.committed()
}

/** The peers of a case. One that fails is stopped in its training, before it commits, and comes back in time. */
class Play {
  readonly #golden: SwarmCase
  readonly #dtype: TensorType
  readonly #swarm: StartedSwarm
  readonly #peers = new Map<string, StartedPeer>()
  readonly #weights: { name: string; weights: Weights }[] = []
  readonly #roles: StartedPeer[] = []

  constructor(golden: SwarmCase, dtype: TensorType, swarm: StartedSwarm) {
    this.#golden = golden
    this.#dtype = dtype
    this.#swarm = swarm
  }

  start(name: string): StartedPeer {
    const { config, clients, model, init } = this.#golden
    const initial = weightsOf(specsOf(model.tensors, this.#dtype), init)
    const peer = this.#swarm.peer(name, {
      makeTrainer: this.#trainer(name),
      sample: (round) => {
        const drawn = config.schedule?.[round - 1] ?? clients.map(({ id }) => id)
        const isAway = (id: string) => this.#isAwayBefore(id, round)
        return drawn.filter((id) => !isAway(id)).sort()
      },
      model: {
        initial,
        // Called by the aggregator with the weights that it has committed.
        accuracy: (weights) => {
          this.#weights.push({ name, weights: copyOf(weights) })
          return 0
        },
      },
    })
    this.#peers.set(name, peer)
    this.#roles.push(peer)
    return peer
  }

  living(): StartedPeer[] {
    return [...this.#peers.values()]
  }

  committed(): Map<number, Committed> {
    const committed = new Map<number, Committed>()
    for (const { name, role } of this.#roles) {
      const own = this.#weights.filter((one) => one.name === name)
      for (const mark of role.marks) {
        if (mark.mark !== 'round' || mark.aggregator !== name || mark.accuracy === undefined) continue
        expect(committed.has(mark.round), `round ${mark.round} was committed once`).toBe(false)
        committed.set(mark.round, { weights: own.shift()!.weights, aggregator: name, accepted: mark.accepted })
      }
    }
    return committed
  }

  /** A peer that is missing in the round after the one in which it died was not drawn: no peer knows it there. */
  #isAwayBefore(id: string, round: number): boolean {
    const failure = this.#golden.config.failures?.find(({ aggregator }) => aggregator === id)
    const isMissing = this.#golden.config.missing?.[String(round)]?.includes(id) ?? false
    return isMissing && failure?.round !== round
  }

  #trainer(name: string): MakeTrainer {
    return async () => {
      const trainer = trainerOf(this.#golden, name)
      return {
        train: async (weights, round) => {
          const { config, expected, init } = this.#golden
          const before = expected.rounds[round - 2]?.weights ?? init
          expectWeights(weights, before, toleranceOf(this.#golden, this.#dtype), `what ${name} got in round ${round}`)
          for (const failure of config.failures ?? []) {
            if (
              failure.aggregator === name &&
              failure.round === round &&
              this.#roles.filter((one) => one.name === name).length === 1
            )
              this.#peers.get(name)!.role.stop(new StoppedError('SIGTERM'))
            if (failure.round + 1 === round && name === this.#firstTrainer(round))
              await this.#bringBack(failure.aggregator, round)
          }
          return trainer.train(weights, round)
        },
      }
    }
  }

  #firstTrainer(round: number): string {
    const missing = this.#golden.config.missing?.[String(round)] ?? []
    return this.#golden.clients.map(({ id }) => id).find((id) => !missing.includes(id))!
  }

  /** The round continues once the one that died has caught up, and everybody knows that it is back. */
  async #bringBack(name: string, round: number): Promise<void> {
    const { role } = this.start(name)
    while (!role.lines.some((line) => line.startsWith(`caught up with round ${round}`))) await once(role.events, 'line')
    for (const peer of this.living()) {
      const { url } = await waitForMark(peer.role, 'ready')
      const lost = async () => (await get(url!, '/v1/status')).body.peers as { name: string; lost: boolean }[]
      await expect.poll(async () => (await lost()).some((other) => other.lost), { timeout: 20_000 }).toBe(false)
    }
  }
}
