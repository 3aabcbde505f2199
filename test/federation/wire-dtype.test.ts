/** Weights that travel in 16 bits: what is sent, what is taken, and what the sums are made of. */
import { once } from 'node:events'
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fedavg } from '../../src/federation/algorithms/fedavg.js'
import { runClient } from '../../src/federation/client/client.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import { runServer } from '../../src/federation/server/server.js'
import { encodeHalfPrecision } from '../../src/federation/tensors/encode-half-precision.js'
import type { HalfPrecisionType } from '../../src/federation/tensors/half-precision.js'
import { decodeHeader } from '../../src/federation/tensors/safetensors/safetensors-header.js'
import { encodeWeights } from '../../src/federation/tensors/safetensors/write-safetensors.js'
import type { TensorSpec, Weights } from '../../src/federation/tensors/weights.js'
import { StoppedError } from '../../src/shared/errors.js'
import { temporaryFolder } from '../temporary-folder.js'
import { fakeRole, TOKEN, waitForMark } from './fake-role.js'
import { bytesOf, joinByHand } from './raw-client.js'
import { clientSettings, serverSettings } from './settings.js'

/** More than a chunk of a socket, an odd number of values, and one tensor that stays as wide as it is. */
const SPECS: TensorSpec[] = [
  { name: 'W', dtype: 'F32', shape: [100_001] },
  { name: 'steps', dtype: 'F64', shape: [3] },
  { name: 'b', dtype: 'F32', shape: [3] },
]

function weights(value: number): Weights {
  return {
    specs: SPECS,
    data: [new Float32Array(100_001).fill(value), new Float64Array(3).fill(value), new Float32Array(3).fill(value)],
  }
}

async function startServer(changes: Partial<ServerSettings>, initial = weights(1)) {
  const role = fakeRole()
  const settings = serverSettings({
    rounds: 1,
    clients: 2,
    minClients: 2,
    reconnectMs: 50,
    spoolDir: temporaryFolder(),
    ...changes,
  })
  const job = runServer({ settings, algorithm: fedavg, loadModel: async () => ({ initial }) }, role)
  job.catch(() => {})
  onTestFinished(async () => {
    role.stop(new StoppedError('SIGTERM'))
    await job.catch(() => {})
  })
  const { url } = await Promise.race([waitForMark(role, 'ready'), job.then(() => Promise.reject(new Error('ended')))])
  return { url: url!, job }
}

function startClient(url: string, name: string, train = (given: Weights) => given) {
  const role = fakeRole()
  const trainer = async () => ({
    train: async (given: Weights) => ({ weights: train(given), numExamples: 1, steps: 1 }),
  })
  const done = runClient(clientSettings({ server: url, name, connectDeadlineMs: 500 }), trainer, role)
  done.catch(() => {})
  onTestFinished(async () => {
    role.stop(new StoppedError('SIGTERM'))
    await done.catch(() => {})
  })
  return done
}

async function narrowBytes(from: Weights, type: HalfPrecisionType): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of encodeHalfPrecision(encodeWeights(from), type).chunks()) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}

/** What a server gives out, as it comes. */
async function rawTask(url: string, identity: Record<string, string>): Promise<Buffer> {
  const asked = request(new URL('/v1/task', url), {
    agent: false,
    headers: { authorization: `Bearer ${TOKEN}`, ...identity },
  })
  asked.end()
  const [answer] = await once(asked, 'response')
  return buffer(answer)
}

describe.each([
  ['float16', 'F16', 0.333251953125],
  ['bfloat16', 'BF16', 0.333984375],
] as const)('with --wire-dtype %s', (wireDtype, type, third) => {
  it.each(['spooled', 'buffered'] as const)('weights are sent so, and %s sums are of float32', async (aggregation) => {
    const { url, job } = await startServer({ wireDtype, aggregation }, weights(1 / 3))
    const one = await joinByHand(url, 'site-1')
    const other = startClient(url, 'site-2')
    const given = await rawTask(url, one.identity)
    const head = given.subarray(8, 8 + Number(given.readBigUInt64LE()))
    expect(decodeHeader(head, type).map(({ spec, narrow }) => [spec.name, narrow])).toEqual([
      ['steps', undefined],
      ['W', type],
      ['b', type],
    ])
    expect(given.length).toBe(8 + head.length + 3 * 8 + 100_004 * 2)
    expect(await one.result({ round: 1 }, await narrowBytes(weights(3), type))).toMatchObject({
      body: { result: 'accepted' },
    })
    await one.task()
    await other
    const { data } = await (await job).load()
    // The other sent back what it got: a third, rounded once to the wire's type, and no more.
    expect(data[0]!.every((value) => value === Math.fround((3 + third) / 2))).toBe(true)
    expect([...data[2]!]).toEqual(Array(3).fill(Math.fround((3 + third) / 2)))
    expect([...data[1]!]).toEqual(Array(3).fill((3 + 1 / 3) / 2))
  })

  it('a result in another type, or with a NaN, is refused', async () => {
    const { url } = await startServer({ wireDtype })
    const [one] = await Promise.all([joinByHand(url, 'site-1'), joinByHand(url, 'site-2')])
    await rawTask(url, one.identity)
    expect(await one.result({ round: 1 }, bytesOf(weights(3)))).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining(`number type "F32", and only ${type} and F64 are read`) },
    })
    const bad = await narrowBytes(weights(3), type)
    bad.writeUInt16LE(0x7fff, bad.length - 4)
    expect(await one.result({ round: 1 }, bad)).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('tensor "b" has the value NaN at index 1') },
    })
  })
})

it('a client whose weights float16 cannot hold says so, and what can', async () => {
  const { url } = await startServer({ wireDtype: 'float16', clients: 1, minClients: 1 })
  const failed = startClient(url, 'site-1', () => weights(70_000))
  await expect(failed).rejects.toThrow('tensor "W" has the value 70000, which float16 cannot hold')
  await expect(failed).rejects.toMatchObject({ fix: expect.stringContaining('bfloat16') })
})

it('a server whose weights float16 cannot hold ends the job, and says so', async () => {
  const { url, job } = await startServer({ wireDtype: 'float16', clients: 1, minClients: 1 }, weights(1e6))
  const client = startClient(url, 'site-1')
  await expect(job).rejects.toThrow('tensor "W" has the value 1000000, which float16 cannot hold')
  await expect(client).rejects.toThrow()
})

it('does not go with --debug, which checks sums', async () => {
  await expect(startServer({ wireDtype: 'float16', debug: true })).rejects.toThrow(
    '--debug checks sums that --wire-dtype float16 rounds on their way',
  )
})
