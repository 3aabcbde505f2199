import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openBuffered } from '../../../src/federation/aggregation/in-memory.js'
import { weightedMean } from '../../../src/federation/algorithms/fedavg.js'
import {
  type CollectorRules,
  ResultCollector,
  RoundFailedError,
} from '../../../src/federation/rounds/result-collector.js'
import { encodeWeights } from '../../../src/federation/tensors/safetensors/write-safetensors.js'
import type { ResultClaim } from '../../../src/federation/transport/messages.js'

const NEVER_MS = 60_000
const TOO_LATE = { state: 'late', round: 2, reason: 'round 2 has continued without it' }
const specs = [{ name: 'w', dtype: 'F32', shape: [1] }] as const

function open(changes: Partial<CollectorRules>) {
  const aggregation = openBuffered({
    round: 2,
    attempt: 1,
    metadata: {},
    specs,
    combination: weightedMean({ weighting: 'examples', serverLearningRate: 1 }),
    summation: 'ordered',
  })
  const rules = {
    round: 2,
    attempt: 1,
    clients: ['a', 'b', 'c'],
    minClients: 2,
    graceMs: NEVER_MS,
    deadlineMs: NEVER_MS,
  }
  return new ResultCollector({ ...rules, ...changes }, aggregation)
}

function claim(client: string, changes: Partial<ResultClaim> = {}): ResultClaim {
  return { client, round: 2, attempt: 1, numExamples: 1, steps: 1, ...changes }
}

function body(value = 1): Readable {
  return Readable.from(encodeWeights({ specs, data: [Float32Array.of(value)] }).chunks(), { objectMode: false })
}

async function names(collection: ResultCollector): Promise<string[]> {
  return (await collection.outcome).map((accepted) => accepted.client)
}

it('lets a client in the middle of its download and its upload listen for the end, however many there are', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  const clients = Array.from({ length: 64 }, (_, i) => `site-${i}`)
  const collection = open({ clients })
  for (const _ of clients) for (const _way of ['down', 'up']) collection.settled.addEventListener('abort', () => {})
  // A warning is emitted in the next turn of the event loop.
  await new Promise(setImmediate)
  process.off('warning', onWarning)
  collection.cancel(new Error('over'))
  expect(warnings).toEqual([])
})

describe('a round', () => {
  it('is over at once when everyone has answered', async () => {
    const collection = open({})
    for (const client of ['c', 'a', 'b']) await collection.take(claim(client), body())
    expect(await names(collection)).toEqual(['a', 'b', 'c'])
  })

  it('is over at once when the last one awaited fails', async () => {
    const collection = open({})
    await collection.take(claim('a'), body())
    await collection.take(claim('b'), body())
    collection.fail('c', 'it is gone')
    expect(await names(collection)).toEqual(['a', 'b'])
  })

  it('waits for the grace time after the quorum, and no longer', async () => {
    const collection = open({ graceMs: 20 })
    await collection.take(claim('a'), body())
    await collection.take(claim('b'), body())
    expect(collection.settled.aborted).toBe(false)
    expect(await names(collection)).toEqual(['a', 'b'])
  })

  it('commits at its deadline with what it has, when that is enough', async () => {
    const collection = open({ minClients: 1, deadlineMs: 20 })
    await collection.take(claim('b'), body())
    expect(await names(collection)).toEqual(['b'])
  })

  it('fails at its deadline when it is not', async () => {
    const collection = open({ deadlineMs: 20 })
    await collection.take(claim('b'), body())
    await expect(collection.outcome).rejects.toThrow(
      'round 2 got 1 of the 2 results that it needs within 20 ms; a: it sent no result; c: it sent no result',
    )
  })

  it('fails at once when the quorum is out of reach, saying why of each', async () => {
    const collection = open({})
    await collection.take(claim('a'), body(Number.NaN))
    collection.fail('b', 'its connection broke')
    await collection.take(claim('c', { numExamples: 0 }), body())
    await expect(collection.outcome).rejects.toThrow(RoundFailedError)
    await expect(collection.outcome).rejects.toThrow(
      'a: its result was rejected, tensor "w" has the value NaN at index 0; b: its connection broke; c: it has no examples',
    )
  })

  it('fails without any result, however small the quorum', async () => {
    const collection = open({ minClients: 1 })
    for (const client of ['a', 'b', 'c']) await collection.take(claim(client, { numExamples: 0 }), body())
    await expect(collection.outcome).rejects.toThrow(RoundFailedError)
  })
})

describe('a result', () => {
  const judged: [what: string, claim: ResultClaim, state: string][] = [
    ['of a client that was not drawn', claim('x'), 'rejected'],
    ['of a client that was not drawn, for an older round', claim('x', { round: 1 }), 'rejected'],
    ['of an older round', claim('a', { round: 1 }), 'late'],
    ['of an older round, with a number of examples that is none', claim('a', { round: 1, numExamples: -1 }), 'late'],
    ['of an attempt that failed', claim('a', { attempt: 0 }), 'late'],
    ['of a round to come', claim('a', { round: 3 }), 'rejected'],
    ['of an attempt to come', claim('a', { attempt: 2 }), 'rejected'],
    ['of one who has none', claim('a', { numExamples: 0 }), 'not-counted'],
    ['of less than none', claim('a', { numExamples: -1 }), 'rejected'],
  ]

  it.each(judged)('%s', async (_what, judgedClaim, state) => {
    const collection = open({})
    expect((await collection.take(judgedClaim, body())).state).toBe(state)
    collection.cancel(new Error('the test is over'))
  })

  const elsewhere: [what: string, claim: ResultClaim, verdict: object][] = [
    ['whose turn was taken is a duplicate', claim('before'), { state: 'duplicate' }],
    ['whose turn went by is late', claim('skipped'), TOO_LATE],
    ['whose turn went by, of a round before, is late', claim('skipped', { round: 1 }), { state: 'late', round: 2 }],
    ['whose turn is to come is rejected', claim('after'), { reason: 'the turn of client "after" is still to come' }],
  ]

  it.each(elsewhere)('of a client in another exchange of the same round %s', async (_what, judgedClaim, verdict) => {
    const others = new Map([
      ['before', 'accepted'] as const,
      ['skipped', 'passed'] as const,
      ['after', 'to-come'] as const,
    ])
    const collection = open({ clients: ['a'], minClients: 1, others })
    expect(await collection.take(judgedClaim, body(7))).toMatchObject(verdict)
    await collection.take(claim('a'), body())
    expect(await names(collection)).toEqual(['a'])
  })

  it('of a client that was accepted is a duplicate, even with examples that are none, and after the round', async () => {
    const collection = open({ minClients: 1 })
    await collection.take(claim('a'), body())
    expect(collection.review(claim('a', { numExamples: -1 }))).toEqual({ state: 'duplicate' })
    collection.fail('b', 'gone')
    collection.fail('c', 'gone')
    expect(await names(collection)).toEqual(['a'])
    expect(collection.review(claim('a'))).toEqual({ state: 'duplicate' })
    expect(collection.review(claim('b'))).toEqual(TOO_LATE)
  })

  it('that was still on its way when the round ended is late', async () => {
    const collection = open({ minClients: 1, clients: ['a', 'b'] })
    const [head, ...rest] = encodeWeights({ specs, data: [Float32Array.of(5)] }).chunks()
    const source = new Readable({ read() {} })
    source.push(head)
    const taken = collection.take(claim('b'), source)
    await collection.take(claim('a'), body())
    collection.fail('b', 'too slow')
    for (const chunk of [...rest, null]) source.push(chunk)
    expect(await taken).toEqual(TOO_LATE)
    expect(await names(collection)).toEqual(['a'])
  })

  it('that arrives on two connections at once counts once', async () => {
    const collection = open({ clients: ['a', 'b'] })
    const verdicts = await Promise.all([collection.take(claim('a'), body(1)), collection.take(claim('a'), body(2))])
    expect(verdicts.map((verdict) => verdict.state).sort()).toEqual(['accepted', 'duplicate'])
    collection.cancel(new Error('the test is over'))
  })

  it('of one who was given up still counts while the round lasts', async () => {
    const collection = open({})
    collection.fail('a', 'its connection broke')
    expect(await collection.take(claim('a'), body())).toEqual({ state: 'accepted' })
    await collection.take(claim('b'), body())
    collection.fail('c', 'gone')
    expect(await names(collection)).toEqual(['a', 'b'])
  })
})
