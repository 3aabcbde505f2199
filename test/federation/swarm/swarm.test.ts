import { connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { copyOf } from '../../../experiments/support/job-in-process.js'
import { fedavg } from '../../../src/federation/algorithms/fedavg.js'
import { runClient } from '../../../src/federation/client/client.js'
import { makeTrainer } from '../../../src/federation/process/job-model.js'
import { runServer } from '../../../src/federation/server/server.js'
import type { CoordinatorSettings, PeerSettings } from '../../../src/federation/swarm/swarm-job.js'
import { weightsDigest } from '../../../src/federation/tensors/digest.js'
import { type Weights, weightsBytes } from '../../../src/federation/tensors/weights.js'
import { initialWeights } from '../../../src/federation/training/initial-weights.js'
import { StoppedError } from '../../../src/shared/errors.js'
import { temporaryFolder } from '../../temporary-folder.js'
import { fakeRole, waitForMark } from '../fake-role.js'
import { clientSettings, serverSettings } from '../settings.js'
import { startSwarm } from './start-swarm.js'

const job = { rounds: 5, clients: 4, model: 'softmax', localSteps: 3, minClients: 1 } as const
const names = ['site-1', 'site-2', 'site-3', 'site-4']

/** The weights after every round, by the peer that added it up. */
async function runSwarm(
  changes: Partial<CoordinatorSettings>,
  options: (name: string) => Partial<PeerSettings> = () => ({}),
): Promise<{ rounds: Weights[]; finals: Weights[]; turns: string[] }> {
  const swarm = await startSwarm({ ...job, ...changes })
  const settings = { ...serverSettings(), ...job }
  const committed: { weights: Weights; name: string }[] = []
  const peers = names.map((name) =>
    swarm.peer(name, {
      makeTrainer,
      options: options(name),
      model: {
        initial: initialWeights(settings, settings.seed),
        accuracy: (weights) => committed.push({ weights: copyOf(weights), name }) && 0,
      },
    }),
  )
  await swarm.done
  const finals = await Promise.all(peers.map(({ done }) => done))
  return { rounds: committed.map(({ weights }) => weights), turns: committed.map(({ name }) => name), finals }
}

async function runFedAvg(changes: Partial<CoordinatorSettings>): Promise<Weights[]> {
  const settings = serverSettings({ ...job, ...changes })
  const rounds: Weights[] = []
  const model = {
    initial: initialWeights(settings, settings.seed),
    accuracy: (weights: Weights) => rounds.push(copyOf(weights)),
  }
  const role = fakeRole()
  const server = runServer({ settings, algorithm: fedavg, loadModel: async () => model }, role)
  const { url } = await waitForMark(role, 'ready')
  const clients = names.map((name) => runClient(clientSettings({ server: url!, name }), makeTrainer, fakeRole()))
  await Promise.all([server, ...clients])
  return rounds
}

describe('a swarm equals FedAvg bit for bit, every tensor after every round,', () => {
  const schedules: [what: string, Partial<CoordinatorSettings>][] = [
    ['with everybody in every round', {}],
    ['with half of them drawn, and a server learning rate', { sample: 0.5, serverLearningRate: 0.7 }],
    ['with equal weights', { weighting: 'uniform', sample: 0.75 }],
  ]

  it.each(schedules)('%s', async (_what, changes) => {
    const expected = (await runFedAvg(changes)).map(weightsDigest)
    expect(new Set(expected).size).toBe(job.rounds)
    for (const rotation of ['round-robin', 'random', 'fixed']) {
      const { rounds, finals, turns } = await runSwarm({ ...changes, rotation })
      expect(rounds.map(weightsDigest), rotation).toEqual(expected)
      expect(finals.map(weightsDigest), rotation).toEqual(names.map(() => expected.at(-1)))
      if (rotation === 'round-robin') expect(turns).toEqual(['site-1', 'site-2', 'site-3', 'site-4', 'site-1'])
      if (rotation === 'fixed') expect(new Set(turns)).toEqual(new Set(['site-1']))
    }
    const folder = temporaryFolder()
    // A folder for each: the process that they share here would take the others' for its own left-overs.
    const inFiles = (name: string) => ({ aggregation: 'spooled', spoolDir: join(folder, name) }) as const
    const spooled = await runSwarm(changes, inFiles)
    expect(spooled.rounds.map(weightsDigest), 'spooled').toEqual(expected)
  })
})

it('a swarm below its quorum ends after --join-deadline, however many turns are given up before', async () => {
  // A turn is given up after 0.6 s, and 150 turns would end it in a minute and a half.
  const turns = { roundDeadlineMs: 300, idleMs: 300, graceMs: 100, roundAttempts: 50 }
  const swarm = await startSwarm({
    ...turns,
    reconnectMs: 500,
    clients: 3,
    minClients: 3,
    joinDeadlineMs: 4000,
    rounds: 1000,
  })
  const model = { initial: initialWeights(serverSettings(), 1) }
  const [first, second, third] = names.slice(0, 3).map((name) => swarm.peer(name, { makeTrainer, model: { ...model } }))
  await waitForMark(first!.role, 'round')
  third!.role.stop(new StoppedError('SIGTERM'))
  const sentence = /round \d+ needs the results of 3 peers, and 2 of 3 lived for 4\.0 s/
  await expect(Promise.race([first!.done, second!.done])).rejects.toThrow(sentence)
  await expect(swarm.done).rejects.toThrow(sentence)
})

it('a swarm that adds up in the order of arrival is within 1e-6 of FedAvg, by the largest weight', async () => {
  const expected = await runFedAvg({})
  const { rounds } = await runSwarm({ summation: 'arrival' })
  expect(rounds).toHaveLength(job.rounds)
  for (const [round, { data }] of rounds.entries()) {
    const wanted = expected[round]!.data.flatMap((tensor) => [...tensor])
    const largest = Math.max(...wanted.map(Math.abs))
    const off = data.flatMap((tensor) => [...tensor]).map((value, i) => Math.abs(value - wanted[i]!))
    expect(Math.max(...off) / largest, `round ${round + 1}`).toBeLessThanOrEqual(1e-6)
  }
})

it('the coordinator never sees a weight: all that it receives in a job is far less than one set of them', async () => {
  const swarm = await startSwarm({ clients: 3, rounds: 6, trainer: 'echo', modelSize: 4_000_000, reconnectMs: 1000 })
  const settings = { ...serverSettings(), trainer: 'echo', modelSize: 4_000_000 } as const
  const initial = initialWeights(settings, 1)
  let received = 0
  const proxy = createTcpServer((socket) => {
    const onward = connect(Number(new URL(swarm.url).port), '127.0.0.1')
    socket.on('data', (chunk) => {
      received += chunk.length
    })
    socket.pipe(onward).pipe(socket)
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void proxy.close())
  const { port } = proxy.address() as { port: number }
  const echo = async () => ({ train: async (weights: Weights) => ({ weights, numExamples: 1, steps: 1 }) })
  const peers = ['a', 'b', 'c'].map((name) =>
    swarm.peer(name, { makeTrainer: echo, model: { initial }, coordinator: `http://127.0.0.1:${port}` }),
  )
  await swarm.done
  for (const { done } of peers) expect(weightsDigest(await done)).toBe(weightsDigest(initial))
  expect(weightsBytes(initial.specs)).toBe(4_000_000)
  expect(received).toBeGreaterThan(500)
  expect(received).toBeLessThan(4_000_000 / 50)
})
