/** Results that are finite one by one, and whose sum is not, or would not be were it formed carelessly. */
import { describe, expect, it } from 'vitest'
import { weightedMean } from '../../src/federation/algorithms/fedavg.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import { mergeInMemory } from '../../src/federation/swarm/peer/aggregation.js'
import { PeerSpool } from '../../src/federation/swarm/peer/spool.js'
import type { TensorType, Weights } from '../../src/federation/tensors/weights.js'
import { temporaryFolder } from '../temporary-folder.js'
import { bytesOf, joinByHand } from './raw-client.js'
import { startServerOf } from './started-server.js'

const LENGTH = 20_000
const SENTENCE = 'the next state of round 1 is not finite: tensor "w" has the value '
const ALONE = 'the largest part of it came from'
const TOGETHER = 'it is made of the results of'

function weightsOf(named: Record<string, number>, dtype: TensorType = 'F32'): Weights {
  const specs = Object.keys(named).map((name) => ({ name, dtype, shape: [LENGTH] }))
  const Values = dtype === 'F32' ? Float32Array : Float64Array
  return { specs, data: Object.values(named).map((value) => new Values(LENGTH).fill(value)) }
}

const WAYS: [name: string, settings: Partial<ServerSettings>][] = [
  ['spooled', { aggregation: 'spooled' }],
  ['buffered', { aggregation: 'buffered' }],
  ['buffered, as results arrive', { aggregation: 'buffered', summation: 'arrival' }],
]

async function startJob(settings: Partial<ServerSettings>) {
  const spoolDir = temporaryFolder()
  const started = await startServerOf(weightsOf({ w: 1 }), { clients: 2, minClients: 2, ...settings, spoolDir })
  const clients = [await joinByHand(started.url, 'site-1'), await joinByHand(started.url, 'site-2')]
  const send = async (
    round: number,
    results: Weights[],
    { attempt = 0, examples = [1, 1] as (number | string)[] } = {},
  ) => {
    for (const [i, client] of clients.entries()) {
      expect((await client.task()).weights).toBeDefined()
      const claim = { round, attempt, examples: examples[i]! }
      expect(await client.result(claim, bytesOf(results[i]!))).toMatchObject({ body: { result: 'accepted' } })
    }
  }
  const end = async () => {
    for (const client of clients) await client.task()
    return (await started.job).load()
  }
  const failures = () => started.role.marks.filter((mark) => mark.mark === 'round-failed')
  return { send, end, failures }
}

describe.each(WAYS)('%s', (_name, way) => {
  it('examples so few that 1 over their number is infinite weigh as they should', async () => {
    const { send, end } = await startJob(way)
    await send(1, [weightsOf({ w: 2 }), weightsOf({ w: 4 })], { examples: ['1e-320', '1e-320'] })
    expect([...new Set((await end()).data[0]!)]).toEqual([3])
  })

  it('a result that is too large to be stepped beyond fails its round, and the next attempt is a good one', async () => {
    const { send, end, failures } = await startJob({ ...way, serverLearningRate: 2 })
    // 2 * (3 * 0.5 + 3.4e38 * 0.5) - 1 is finite, and more examples make it too large: of the first client, and of the second.
    await send(1, [weightsOf({ w: 3.4e38 }), weightsOf({ w: 3 })], { examples: [9, 1] })
    await send(1, [weightsOf({ w: 3 }), weightsOf({ w: -3.4e38 })], { attempt: 1, examples: [1, 9] })
    await send(1, [weightsOf({ w: 3 }), weightsOf({ w: 3 })], { attempt: 2 })
    expect([...new Set((await end()).data[0]!)]).toEqual([5])
    const names =
      way.summation === 'arrival'
        ? ['client "site-1", client "site-2"', 'client "site-1", client "site-2"']
        : ['client "site-1"', 'client "site-2"']
    expect(failures()).toMatchObject([
      { reason: `${SENTENCE}Infinity at index 0; ${way.summation === 'arrival' ? TOGETHER : ALONE} ${names[0]}` },
      { reason: `${SENTENCE}-Infinity at index 0; ${way.summation === 'arrival' ? TOGETHER : ALONE} ${names[1]}` },
    ])
  })
})

describe.each(WAYS.slice(0, 2))('SCAFFOLD, %s', (_name, way) => {
  it('differences that add up to infinity in the second round fail it, and name the client', async () => {
    const { send, end, failures } = await startJob({ ...way, algorithm: 'scaffold', weighting: 'uniform', rounds: 2 })
    const small = weightsOf({ 'model/w': 1, 'control/w': 0 })
    const large = weightsOf({ 'model/w': 3.4e38, 'control/w': 0 })
    await send(1, [small, large])
    await send(2, [weightsOf({ 'model/w': 3e38, 'control/w': 0 }), large])
    await send(2, [small, small], { attempt: 1 })
    const { data } = await end()
    expect(data[0]!.every(Number.isFinite)).toBe(true)
    expect(failures()).toMatchObject([
      {
        round: 2,
        reason: expect.stringMatching(/tensor "model\/w" has the value Infinity at index 0; .* client "site-2"/),
      },
    ])
  })
})

describe('a peer of a swarm', () => {
  const specs = weightsOf({ v: 1, w: 1 }).specs
  const settings = {
    round: 1,
    attempt: 0,
    specs,
    combination: weightedMean({ weighting: 'examples', serverLearningRate: 2 }),
    summation: 'ordered' as const,
    metadata: {},
  }

  it.each(['in memory', 'in files'])('proposes no sum that is not finite, %s', async (where) => {
    const current = weightsOf({ v: 1, w: 1 })
    const spool = where === 'in files' ? await PeerSpool.open(temporaryFolder(), () => {}) : undefined
    const merge = spool === undefined ? mergeInMemory(settings, current) : await spool.begin(settings, 2, current)
    const results = [weightsOf({ v: 2, w: 2 }), weightsOf({ v: 2, w: 3e38 })]
    results[1]!.data[1]!.fill(0, 0, 15_000)
    results[1]!.data[1]![17_000] = -3.4e38
    for (const [i, weights] of results.entries()) {
      const claim = { client: `site-${i + 1}`, round: 1, attempt: 0, numExamples: i === 0 ? 1 : 9, steps: 1 }
      const received = await merge.aggregation.receive(weights, claim)
      received.count()
    }
    await expect(merge.combine()).rejects.toThrow(
      'the next state of round 1 is not finite: tensor "w" has the value Infinity at index 15000; the largest part of it came from client "site-2"',
    )
    await merge.aggregation.discard()
    spool?.close()
  })
})
