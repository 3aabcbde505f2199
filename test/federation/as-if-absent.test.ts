/** Jobs with a client that misbehaves in some rounds, against the jobs in which it is absent in exactly those. */
import { describe, expect, it } from 'vitest'
import { algorithms } from '../../src/federation/algorithms/all.js'
import { runClient } from '../../src/federation/client/client.js'
import { makeTrainer } from '../../src/federation/process/job-model.js'
import { runServer } from '../../src/federation/server/server.js'
import { weightsDigest } from '../../src/federation/tensors/digest.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { initialWeights } from '../../src/federation/training/initial-weights.js'
import { fakeRole, waitForMark } from './fake-role.js'
import { beProper, type Conduct, runRudeClient } from './rude-client.js'
import { clientSettings, serverSettings } from './settings.js'
import { misshapen, twice, withNaN, withoutLast } from './spoilt-weights.js'

type Name = keyof typeof algorithms

/** In these rounds of five; it is a proper client in the others. */
const RUDE_ROUNDS = [2, 3]

/** The digest of the last state, whose results were in each round, and what the rude client was answered. */
async function runJob(algorithm: Name, aggregation: 'buffered' | 'spooled', conduct: Conduct) {
  const weighting = algorithm === 'scaffold' ? 'uniform' : 'examples'
  const job = { rounds: 5, clients: 3, model: 'softmax', localSteps: 3, debug: true, graceMs: 60_000 } as const
  const settings = serverSettings({ ...job, algorithm, aggregation, weighting })
  const role = fakeRole()
  const loadModel = async () => ({ initial: initialWeights(settings, settings.seed) })
  const server = runServer({ settings, algorithm: algorithms[algorithm], loadModel }, role)
  const { url } = await Promise.race([waitForMark(role, 'ready'), server.then(() => Promise.reject(new Error('over')))])
  const proper = ['site-1', 'site-3'].map((name) =>
    runClient(clientSettings({ server: url!, name }), makeTrainer, fakeRole()),
  )
  const rude = runRudeClient(url!, 'site-2', (round) => (RUDE_ROUNDS.includes(round) ? conduct : beProper))
  const [final, answers] = await Promise.all([server, rude, ...proper])
  const accepted = role.marks.flatMap((mark) => (mark.mark === 'round' ? [mark.accepted] : []))
  return { digest: weightsDigest(await final.load()), accepted, answers: answers.map(({ result }) => result) }
}

const sendSpoilt =
  (spoil: (weights: Weights) => Weights): Conduct =>
  async ({ trained, send, giveUp }) => {
    await send(spoil(trained.weights))
    await giveUp()
  }

/** What it does, how that is answered in the two rounds, and whether its proper result counts there. */
const rudeness: [what: string, conduct: Conduct, answers: string[], counts: boolean][] = [
  ['sends NaN', sendSpoilt(withNaN), ['rejected', 'rejected'], false],
  ['sends wrong shapes', sendSpoilt(misshapen), ['rejected', 'rejected'], false],
  ['leaves a tensor out', sendSpoilt(withoutLast), ['rejected', 'rejected'], false],
  [
    'sends its result when the round is over',
    async ({ giveUp, sendInNextRound }) => {
      await giveUp()
      sendInNextRound()
    },
    ['late', 'late'],
    false,
  ],
  [
    'sends other weights once its result was accepted',
    async ({ trained, send }) => {
      await send(trained.weights)
      await send(twice(trained.weights))
    },
    ['accepted', 'duplicate', 'accepted', 'duplicate'],
    true,
  ],
  [
    'sends NaN first and good weights then',
    async ({ trained, send }) => {
      await send(withNaN(trained.weights))
      await send(trained.weights)
    },
    ['rejected', 'accepted', 'rejected', 'accepted'],
    true,
  ],
]

describe.each<[Name, 'buffered' | 'spooled']>([
  ['fedavg', 'buffered'],
  ['fedavg', 'spooled'],
  ['scaffold', 'buffered'],
  ['scaffold', 'spooled'],
  ['cyclic', 'buffered'],
])('%s, %s: a job with a client that', (algorithm, aggregation) => {
  let absent: ReturnType<typeof runJob> | undefined
  let present: ReturnType<typeof runJob> | undefined
  const withoutIt = () => (absent ??= runJob(algorithm, aggregation, ({ giveUp }) => giveUp()))
  const withIt = () => (present ??= runJob(algorithm, aggregation, beProper))

  it.each(rudeness)('%s ends as if it had not done so, bit for bit', async (_what, conduct, answers, counts) => {
    const { digest, accepted, answers: told } = await runJob(algorithm, aggregation, conduct)
    const expected = await (counts ? withIt() : withoutIt())
    const proper = ['accepted', 'accepted', 'accepted']
    const said = told.map((result) => (counts && result === 'late' ? 'duplicate' : result))
    expect([...said].sort()).toEqual([...proper, ...answers].sort())
    expect(accepted).toEqual(expected.accepted)
    expect(digest).toBe(expected.digest)
  })

  it('is absent in two rounds is another job than with it', async () => {
    expect((await withoutIt()).digest).not.toBe((await withIt()).digest)
    expect((await withoutIt()).accepted.map((names) => names?.length)).toEqual([3, 2, 2, 3, 3])
  })
})
