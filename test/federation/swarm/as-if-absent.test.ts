/** Swarms with a peer that misbehaves in some rounds, against the swarms in which it is absent in exactly those. */
import { describe, expect, it } from 'vitest'
import { makeTrainer } from '../../../src/federation/process/job-model.js'
import { PeerClient, type ResultAnswer } from '../../../src/federation/swarm/peer/peer-client.js'
import { weightsDigest } from '../../../src/federation/tensors/digest.js'
import type { Weights } from '../../../src/federation/tensors/weights.js'
import { initialWeights } from '../../../src/federation/training/initial-weights.js'
import type { TrainingResult } from '../../../src/federation/training/trainer.js'
import { TOKEN, waitForMark } from '../fake-role.js'
import { get } from '../raw-client.js'
import { serverSettings } from '../settings.js'
import { misshapen, twice, withNaN, withoutLast } from '../spoilt-weights.js'
import { type StartedPeer, startSwarm } from './start-swarm.js'

/** In these rounds of five; it is a proper peer in the others. */
const RUDE_ROUNDS = [2, 3]
const PATIENT = { timeout: 30_000, interval: 2 }

interface Turn {
  round: number
  trained: TrainingResult
  /** A result by hand, before or after the one that the peer sends by itself. */
  send(weights: Weights): Promise<ResultAnswer['state']>
  /** Has the aggregator not wait for this peer, and continues once it has committed the round. */
  sitOut(): Promise<void>
}

/** What the peer then takes for its result. */
type Conduct = (turn: Turn) => Promise<TrainingResult>

async function runSwarm(conduct: Conduct) {
  // The aggregator is not the peer that misbehaves.
  const job = { rounds: 5, clients: 3, model: 'softmax', localSteps: 3, rotation: 'site-1,site-3' } as const
  // No one is lost but by what the test does: a busy machine may be silent for a while.
  const swarm = await startSwarm({ ...job, graceMs: 60_000, reconnectMs: 2500 })
  const settings = { ...serverSettings(), ...job }
  const initial = initialWeights(settings, settings.seed)
  const peers: StartedPeer[] = ['site-1', 'site-3'].map((name) => swarm.peer(name, { makeTrainer, model: { initial } }))
  const answers: string[] = []
  const rude = swarm.peer('site-2', {
    model: { initial },
    makeTrainer: async (of, place) => {
      const trainer = await makeTrainer(of, place)
      return {
        ...trainer,
        train: async (weights, round, between) => {
          const trained = await trainer.train(weights, round, between)
          if (!RUDE_ROUNDS.includes(round)) return trained
          const aggregator = peers[(round - 1) % 2]!
          return conduct({ round, trained, ...(await byHand(aggregator, { round, trained, answers })) })
        },
      }
    },
  })
  await swarm.done
  const finals = await Promise.all([...peers, rude].map(({ done }) => done))
  const marks = peers.flatMap(({ role }) => role.marks)
  const accepted = marks.flatMap((mark) =>
    mark.mark === 'round' && mark.accepted ? [[mark.round, mark.accepted]] : [],
  )
  return {
    digests: finals.map(weightsDigest),
    accepted: new Map(accepted as [number, string[]][]),
    answers,
  }
}

async function byHand(
  { name, role }: StartedPeer,
  { round, trained, answers }: { round: number; trained: TrainingResult; answers: string[] },
): Promise<Pick<Turn, 'send' | 'sitOut'>> {
  const { url } = await waitForMark(role, 'ready')
  const stateOf = async () => (await get(url!, '/v1/status')).body
  const { specs } = trained.weights
  const job = String((await stateOf()).job)
  const calls = new PeerClient({ self: 'site-2', job, token: TOKEN, idleMs: 30_000, specs, addressOf: () => url })
  const { signal } = new AbortController()
  const { numExamples, steps } = trained
  return {
    send: async (weights) => {
      const claim = { round, attempt: 0, numExamples, steps }
      for (;;) {
        const { state } = await calls.sendResult(name, claim, weights, signal)
        if (state === 'early') continue
        answers.push(state)
        return state
      }
    },
    sitOut: async () => {
      const collects = { round, stage: 'collecting' }
      await expect.poll(stateOf, PATIENT).toMatchObject(collects)
      await calls.sendFailure(name, { round, attempt: 0 }, 'it sits out', signal)
      await expect.poll(async () => (await stateOf()).round, PATIENT).toBe(round + 1)
    },
  }
}

const spoilt =
  (spoil: (weights: Weights) => Weights): Conduct =>
  async ({ trained }) => ({ ...trained, weights: spoil(trained.weights) })

/** What it does, how that is answered where it is done by hand, and whether its proper result counts there. */
const rudeness: [what: string, conduct: Conduct, answers: string[], counts: boolean][] = [
  ['sends NaN', spoilt(withNaN), [], false],
  ['sends wrong shapes', spoilt(misshapen), [], false],
  ['leaves a tensor out', spoilt(withoutLast), [], false],
  [
    'sends its result when the round is over',
    async ({ trained, send, sitOut }) => {
      await sitOut()
      await send(trained.weights)
      return trained
    },
    ['late', 'late'],
    false,
  ],
  [
    'sends other weights once its result was accepted',
    async ({ trained, send }) => {
      await send(trained.weights)
      return { ...trained, weights: twice(trained.weights) }
    },
    ['taken', 'taken'],
    true,
  ],
]

describe('a swarm with a peer that', () => {
  let absent: ReturnType<typeof runSwarm> | undefined
  let present: ReturnType<typeof runSwarm> | undefined
  const withoutIt = () => (absent ??= runSwarm(async ({ trained }) => ({ ...trained, numExamples: 0 })))
  const withIt = () => (present ??= runSwarm(async ({ trained }) => trained))

  it.each(rudeness)('%s ends as if it had not done so, bit for bit', async (_what, conduct, answers, counts) => {
    const ended = await runSwarm(conduct)
    const expected = await (counts ? withIt() : withoutIt())
    expect(ended.answers).toEqual(answers)
    expect(ended.accepted).toEqual(expected.accepted)
    expect(ended.digests).toEqual(expected.digests)
  })

  it('is absent in two rounds is another swarm than with it', async () => {
    expect((await withoutIt()).digests).not.toEqual((await withIt()).digests)
    expect([...(await withoutIt()).accepted.values()].map(({ length }) => length).sort()).toEqual([2, 2, 3, 3, 3])
  })
})
