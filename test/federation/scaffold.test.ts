/** SCAFFOLD in a job: when a client's control variate moves and when it must not. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scaffold } from '../../src/federation/algorithms/scaffold.js'
import { runClient } from '../../src/federation/client/client.js'
import { ClientState } from '../../src/federation/client/client-state.js'
import type { MakeTrainer, ServerSettings } from '../../src/federation/process/job.js'
import { runServer } from '../../src/federation/server/server.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import type { Examples } from '../../src/federation/training/examples.js'
import { createLinearModel } from '../../src/federation/training/models/linear-model.js'
import { squaredHead } from '../../src/federation/training/models/loss.js'
import { createScaffoldTrainer } from '../../src/federation/training/scaffold-trainer.js'
import { temporaryFolder } from '../temporary-folder.js'
import { fakeRole, waitForMark } from './fake-role.js'
import { clientSettings, serverSettings } from './settings.js'

const SPECS = [
  { name: 'W', dtype: 'F32', shape: [1, 1] },
  { name: 'b', dtype: 'F32', shape: [1] },
] as const

const NAMES = ['site-1', 'site-2', 'site-3']

/** Three clients whose optima differ, by name. */
function examplesOf(name: string): Examples {
  const place = NAMES.indexOf(name)
  return {
    count: 3,
    features: Float32Array.of(1, -1, 0.5 + place),
    targets: Float32Array.of(place + 1, 2 - place, place),
  }
}

const trainerOf = (name: string, examples = examplesOf(name)) =>
  createScaffoldTrainer(
    {
      examples,
      createModel: () => createLinearModel({ features: 1, outputs: 1, head: squaredHead(1) }),
      localEpochs: 1,
      localSteps: 4,
      batchSize: 0,
      learningRate: 0.1,
    },
    'II',
  )

/** Runs a job whose runtime asserts c = mean c_i after every round; returns the last state. */
async function runJob(changes: Partial<ServerSettings>, makeTrainer: (name: string) => MakeTrainer): Promise<Weights> {
  const role = fakeRole()
  const settings = serverSettings({
    rounds: 5,
    clients: 3,
    weighting: 'uniform',
    debug: true,
    graceMs: 60_000,
    ...changes,
  })
  const initial = { specs: SPECS, data: [Float32Array.of(0.5), Float32Array.of(-0.5)] }
  const job = runServer({ settings, algorithm: scaffold, loadModel: async () => ({ initial }) }, role)
  job.catch(() => {})
  const { url } = await Promise.race([waitForMark(role, 'ready'), job.then(() => Promise.reject(new Error('ended')))])
  const clients = NAMES.map((name) => runClient(clientSettings({ server: url!, name }), makeTrainer(name), fakeRole()))
  const [state] = await Promise.all([job, ...clients])
  return state.load()
}

describe('a client of SCAFFOLD', () => {
  it('whose result is rejected keeps its old control variate, and the round is as if it had not been there', async () => {
    const spoilt = await runJob({}, (name) => async () => {
      const trainer = trainerOf(name)
      return {
        ...trainer,
        train: async (weights, round, between) => {
          const trained = await trainer.train(weights, round, between)
          // In dc alone: dy is as good as any, and must fall with it.
          if (name === 'site-2' && round === 3) trained.weights.data[3]![0] = Number.NaN
          return trained
        },
      }
    })
    const absent = await runJob({}, (name) => async () => {
      const trainer = trainerOf(name)
      return {
        ...trainer,
        train: (weights, round, between) =>
          name === 'site-2' && round === 3
            ? Promise.resolve({ weights, numExamples: 0, steps: 0 })
            : trainer.train(weights, round, between),
      }
    })
    expect(spoilt).toEqual(absent)
  })

  it('without data takes no part, and N still counts it', async () => {
    const state = await runJob(
      {},
      (name) => async () => trainerOf(name, name === 'site-3' ? { ...examplesOf(name), count: 0 } : examplesOf(name)),
    )
    expect(state.data.every((tensor) => Number.isFinite(tensor[0]))).toBe(true)
  })

  it('that is not drawn keeps its control variate until it is', async () => {
    await runJob({ sample: 0.34, rounds: 12 }, (name) => async () => trainerOf(name))
  })

  it('that moves its control variate by itself is found out', async () => {
    const job = runJob({}, (name) => async () => {
      const trainer = trainerOf(name)
      return {
        ...trainer,
        train: async (weights, round, between) => {
          const trained = await trainer.train(weights, round, between)
          if (name === 'site-2' && round === 2) trained.keep!.data[0]![0]! += 0.5
          return trained
        },
      }
    })
    await expect(job).rejects.toThrow(
      "after round 2 of scaffold, the control variate c is not the mean of the clients' c_i",
    )
  })
})

it('weighted by examples needs every client, so a share of them is refused before anything starts', async () => {
  await expect(runJob({ weighting: 'examples', sample: 0.5 }, (name) => async () => trainerOf(name))).rejects.toThrow(
    'SCAFFOLD weighted by examples needs the examples of every client, and --sample 0.5 leaves clients out',
  )
})

describe('what a client keeps', () => {
  const weights = (value: number): Weights => ({ specs: SPECS, data: [Float32Array.of(value), Float32Array.of(value)] })

  it('is the pending one once the server has confirmed its round and attempt, and never before', async () => {
    const state = await ClientState.open('site-1', undefined)
    await state.setPending({ round: 3, attempt: 1, weights: weights(7) })
    expect(state.kept).toBeUndefined()
    await state.settle({ round: 3, attempt: 1 })
    expect(state.kept).toEqual(weights(7))
    await state.setPending({ round: 4, attempt: 0, weights: weights(9) })
    // The round failed, or continued without it: the last confirmed one is still that of round 3.
    await state.settle({ round: 3, attempt: 1 })
    expect(state.kept).toEqual(weights(7))
    state.assertNothingLost({ round: 3, attempt: 1 })
  })

  it.each(['pending', 'confirmed'])('outlives the process when it was %s', async (when) => {
    const folder = join(temporaryFolder(), 'state')
    const before = await ClientState.open('site-1', folder)
    await before.setPending({ round: 2, attempt: 0, weights: weights(5) })
    if (when === 'confirmed') await before.settle({ round: 2, attempt: 0 })
    const after = await ClientState.open('site-1', folder)
    await after.settle({ round: 2, attempt: 0 })
    expect(after.kept).toEqual(weights(5))
    expect(readdirSync(folder)).toEqual(['site-1.kept.safetensors'])
  })

  it('goes when the server began a new job', async () => {
    const folder = temporaryFolder()
    const state = await ClientState.open('site-1', folder)
    await state.setPending({ round: 2, attempt: 0, weights: weights(5) })
    await state.settle({ round: 2, attempt: 0 })
    await state.settle(undefined)
    expect(state.kept).toBeUndefined()
    expect(existsSync(join(folder, 'site-1.kept.safetensors'))).toBe(false)
  })

  it('must not have been lost', async () => {
    const state = await ClientState.open('site-1', undefined)
    expect(() => state.assertNothingLost({ round: 4, attempt: 0 })).toThrow(
      'client "site-1" took part in round 4, and has to continue with the control variate that it made there; it has none',
    )
    state.assertNothingLost(undefined)
  })

  it('is an error where its folder cannot be made', async () => {
    await expect(ClientState.open('site-1', '/proc/nowhere')).rejects.toThrow(
      /the folder for the client's state, \/proc\/nowhere, cannot be made/,
    )
  })
})
