/** What goes wrong in a job: a real server in this process, a proper client beside it, and one that misbehaves on its socket. */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runClient } from '../../src/federation/client/client.js'
import type { MakeTrainer, ServerSettings } from '../../src/federation/process/job.js'
import type { GlobalState } from '../../src/federation/tensors/global-state.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { StoppedError, UsageError } from '../../src/shared/errors.js'
import { type FakeRole, fakeRole, waitForMark } from './fake-role.js'
import { bytesOf, get, joinByHand, post, sendResult } from './raw-client.js'
import { clientSettings } from './settings.js'
import { startServerOf } from './started-server.js'

const SPECS = [
  { name: 'W', dtype: 'F32', shape: [2, 3] },
  { name: 'b', dtype: 'F32', shape: [3] },
] as const

const echo: MakeTrainer = async () => ({ train: async (weights) => ({ weights, numExamples: 1, steps: 1 }) })

/** The model at the end of a job; its file, where it has one, is gone by then, and still readable. */
async function modelOf(job: Promise<GlobalState>): Promise<Weights> {
  return (await job).load()
}

function weights(value: number): Weights {
  return { specs: SPECS, data: [new Float32Array(6).fill(value), new Float32Array(3).fill(value)] }
}

/** A server whose job begins with all weights 1. What the test does not end is stopped with it. */
function startServer(changes: Partial<ServerSettings>) {
  return startServerOf(weights(1), { clients: 2, minClients: 2, reconnectMs: 50, ...changes })
}

/** A proper client; by default it sends back what it gets. */
function startClient(
  url: string,
  name: string,
  makeTrainer: MakeTrainer = echo,
): { role: FakeRole; done: Promise<void> } {
  const role = fakeRole()
  const done = runClient(clientSettings({ server: url, name, connectDeadlineMs: 500 }), makeTrainer, role)
  done.catch(() => {})
  onTestFinished(async () => {
    role.stop(new StoppedError('SIGTERM'))
    await done.catch(() => {})
  })
  return { role, done }
}

describe('a result that breaks a rule leaves no trace, and the round continues with a good one', () => {
  const bad: [what: string, body: () => Buffer, status: number, message: RegExp][] = [
    ['has a NaN', () => bytesOf(withValue(Number.NaN)), 422, /tensor "b" has the value NaN at index 1/],
    ['has an infinity', () => bytesOf(withValue(Number.NEGATIVE_INFINITY)), 422, /has the value -Infinity/],
    ['has another shape', () => bytesOf(withShape([3, 2])), 422, /"W" is F32 \[3, 2\].*model's is F32 \[2, 3\]/],
    ['lacks a tensor', () => bytesOf(withoutLast(weights(9))), 422, /tensor "b" is missing/],
    ['has a tensor too many', () => bytesOf(withExtra(weights(9))), 422, /tensor "extra" is not part of the model/],
    ['is cut within a tensor', () => bytesOf(weights(9)).subarray(0, -4), 422, /ends within tensor "b"/],
    ['continues after its tensors', () => Buffer.concat([bytesOf(weights(9)), Buffer.alloc(8)]), 422, /more data than/],
    ['has a header that claims 1 TB', () => claimTerabyte(), 422, /claims 1000000000000 bytes/],
    ['is no safetensors at all', () => Buffer.from('hello, this is no model'), 422, /header/],
    ['is empty', () => Buffer.alloc(0), 422, /ends within the safetensors header/],
  ]

  it.each(bad)('a result that %s', async (_what, body, status, message) => {
    const { url, job } = await startServer({})
    const client = await joinByHand(url, 'site-2')
    const other = startClient(url, 'site-1')
    await client.task()
    const refused = await client.result({ round: 1 }, body())
    expect(refused.status).toBe(status)
    expect(refused.body).toMatchObject({ error: 'rejected', message: expect.stringMatching(message) })
    expect(await client.result({ round: 1 }, bytesOf(weights(3)))).toMatchObject({ body: { result: 'accepted' } })
    await client.task()
    expect([...(await modelOf(job)).data[0]!]).toEqual(Array(6).fill(2))
    await other.done
  })

  it.each([Number.NaN, -3, 'many', 1e300])('a result of %s examples', async (examples) => {
    const { url } = await startServer({})
    const client = await joinByHand(url, 'site-2')
    startClient(url, 'site-1')
    await client.task()
    expect(await client.result({ round: 1, examples }, bytesOf(weights(9)))).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('the number of examples is') },
    })
  })
})

describe('a result that', () => {
  it('is larger than the model is refused before its body is read', async () => {
    const { url } = await startServer({})
    const client = await joinByHand(url, 'site-2')
    startClient(url, 'site-1')
    await client.task()
    const socket = await client.beginResult({ round: 1 }, 1e12, Buffer.alloc(10))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toMatch(/413.*the result has 1000000000000 bytes/s)
    await once(socket, 'close')
  })

  it('is sent twice counts once, and the second one is answered as a duplicate', async () => {
    const { url, job } = await startServer({})
    const client = await joinByHand(url, 'site-2')
    const gate = makeGate()
    startClient(url, 'site-1', trainerBehind(gate))
    await client.task()
    expect(await client.result({ round: 1 }, bytesOf(weights(3)))).toMatchObject({ body: { result: 'accepted' } })
    expect(await client.result({ round: 1 }, bytesOf(weights(7)))).toMatchObject({
      status: 200,
      body: { result: 'duplicate' },
    })
    gate.open()
    await client.task()
    expect((await modelOf(job)).data[0]![0]).toBe(2)
  })

  it('comes after its round is answered with the current round', async () => {
    const { url, role } = await startServer({ rounds: 2, minClients: 1, graceMs: 1 })
    const client = await joinByHand(url, 'site-2')
    const gate = makeGate()
    startClient(url, 'site-1', async () => ({
      train: async (received, round) => {
        if (round === 2) await gate.opened
        return { weights: received, numExamples: 1, steps: 1 }
      },
    }))
    await client.task()
    await waitForMark(role, 'round')
    await client.task()
    expect(await client.result({ round: 1 }, bytesOf(weights(9)))).toMatchObject({
      status: 409,
      body: { error: 'late', round: 2 },
    })
    expect(await client.result({ round: 3 }, bytesOf(weights(9)))).toMatchObject({
      status: 422,
      body: { message: expect.stringContaining('for round 3, and the server is in round 2') },
    })
    gate.open()
  })

  it('has no examples is not counted and not waited for', async () => {
    const { url, job } = await startServer({ minClients: 1 })
    const client = await joinByHand(url, 'site-2')
    startClient(url, 'site-1')
    await client.task()
    expect(await client.result({ round: 1, examples: 0 }, Buffer.alloc(0))).toMatchObject({
      body: { result: 'not-counted' },
    })
    await client.task()
    expect((await modelOf(job)).data[0]![0]).toBe(1)
  })

  it('falls silent in the middle is cut off', async () => {
    const { url, job } = await startServer({ idleMs: 50 })
    const client = await joinByHand(url, 'site-2')
    startClient(url, 'site-1')
    await client.task()
    const body = bytesOf(weights(3))
    const socket = await client.beginResult({ round: 1 }, body.length, body.subarray(0, 40))
    await once(socket, 'close')
    expect(await client.result({ round: 1 }, body)).toMatchObject({ body: { result: 'accepted' } })
    await client.task()
    expect((await modelOf(job)).data[0]![0]).toBe(2)
  })

  it('breaks off in the middle may be sent again', async () => {
    const { url, job } = await startServer({ reconnectMs: 5000 })
    const client = await joinByHand(url, 'site-2')
    startClient(url, 'site-1')
    await client.task()
    const body = bytesOf(weights(3))
    ;(await client.beginResult({ round: 1 }, body.length, body.subarray(0, -1))).destroy()
    expect(await client.result({ round: 1 }, body)).toMatchObject({ body: { result: 'accepted' } })
    await client.task()
    expect((await modelOf(job)).data[0]![0]).toBe(2)
  })
})

describe('in Cyclic, where the weights are with one client at a time, a result', () => {
  it.each([
    [
      'whose turn went by is late',
      'skipped',
      409,
      { error: 'late', message: 'the result came too late; round 1 has continued without it' },
    ],
    ['whose turn was taken is there already', 'accepted', 200, { result: 'duplicate' }],
  ])('%s, while another client holds the weights', async (_what, turn, status, body) => {
    const { url, job } = await startServer({ algorithm: 'cyclic', minClients: 1 })
    const first = await joinByHand(url, 'site-1')
    const second = await joinByHand(url, 'site-2')
    await first.task()
    if (turn === 'skipped') await first.failure(1, 'it takes too long')
    else expect(await first.result({ round: 1 }, bytesOf(weights(5)))).toMatchObject({ status: 200 })
    const { weights: handed } = await second.task()
    expect(handed!.data[0]![0]).toBe(turn === 'skipped' ? 1 : 5)
    expect(await first.result({ round: 1 }, bytesOf(weights(9)))).toMatchObject({ status, body })
    expect(await second.result({ round: 1 }, bytesOf(weights(3)))).toMatchObject({ body: { result: 'accepted' } })
    for (const client of [first, second]) await client.task()
    expect((await modelOf(job)).data[0]![0]).toBe(3)
  })

  it('before its turn is rejected', async () => {
    const { url } = await startServer({ algorithm: 'cyclic', minClients: 1 })
    const first = await joinByHand(url, 'site-1')
    const second = await joinByHand(url, 'site-2')
    await first.task()
    expect(await second.result({ round: 1 }, bytesOf(weights(9)))).toMatchObject({
      status: 422,
      body: { message: 'the result was rejected: the turn of client "site-2" is still to come' },
    })
  })
})

describe('a client that', () => {
  it('never comes ends the job when the deadline to join is over', async () => {
    const { url, job } = await startServer({ joinDeadlineMs: 200 })
    const { done } = startClient(url, 'site-1')
    await expect(job).rejects.toThrow('1 of 2 clients joined within 200 ms (site-1), and 1 more was waited for')
    await expect(done).rejects.toThrow('the server ended the job: 1 of 2 clients joined')
  })

  it('vanishes in the middle of its upload fails the round when it is needed', async () => {
    const { url, role, job } = await startServer({ roundAttempts: 1 })
    const client = await joinByHand(url, 'site-2')
    startClient(url, 'site-1')
    await client.task()
    const socket = await client.beginResult({ round: 1 }, 1000, bytesOf(weights(3)).subarray(0, 40))
    socket.destroy()
    client.presence.destroy()
    await expect(job).rejects.toThrow(
      /round 1 after 1 attempts: round 1 got \d of the 2 results that it needs; .*site-2: its connection broke, and it did not come back within 50 ms/,
    )
    expect(role.marks.map((mark) => mark.mark)).toContain('round-failed')
  })

  it('vanishes is gone without when the others are enough', async () => {
    const { url, job } = await startServer({ minClients: 1, rounds: 2 })
    const client = await joinByHand(url, 'site-2')
    const { done } = startClient(url, 'site-1')
    await client.task()
    client.presence.destroy()
    await job
    await done
  })

  it('comes back under its name gets the task again, in a new attempt', async () => {
    const { url, role, job } = await startServer({})
    const client = await joinByHand(url, 'site-2')
    const { done } = startClient(url, 'site-1')
    await client.task()
    client.presence.destroy()
    await waitForMark(role, 'round-failed')
    startClient(url, 'site-2')
    await job
    await done
    expect((await waitForMark(role, 'round')).attempt).toBe(1)
  })

  it('does not answer fails the round at its deadline, by name', async () => {
    const { url, role, job } = await startServer({ roundAttempts: 2, roundDeadlineMs: 100 })
    const { presence } = await joinByHand(url, 'site-2')
    startClient(url, 'site-1')
    await expect.poll(() => role.marks.filter((mark) => mark.mark === 'round-failed')).toHaveLength(2)
    presence.destroy()
    await expect(job).rejects.toThrow(
      'the job ended in round 1 after 2 attempts: round 1 got 1 of the 2 results that it needs within 100 ms; site-2: it sent no result',
    )
  })

  it('says that it cannot train is not waited for', async () => {
    const { url, job } = await startServer({ roundAttempts: 1 })
    startClient(url, 'site-1')
    const broken = startClient(url, 'site-2', async () => ({ train: () => Promise.reject(new Error('no disk')) }))
    await expect(broken.done).rejects.toThrow('training of round 1 failed: no disk')
    await expect(job).rejects.toThrow('site-2: its training failed: no disk')
  })

  it('trains to NaN is answered with the reason, and the round fails at once', async () => {
    const { url, job } = await startServer({ roundAttempts: 1 })
    startClient(url, 'site-1')
    const diverged = startClient(url, 'site-2', async () => ({
      train: async (received) => {
        received.data[0]![0] = Number.NaN
        return { weights: received, numExamples: 1, steps: 1 }
      },
    }))
    await expect(job).rejects.toThrow(/site-2: the result was rejected: tensor "W" has the value NaN at index 0/)
    await expect(diverged.done).rejects.toThrow('the server ended the job')
  })
})

describe('the door', () => {
  it('stays shut without the token', async () => {
    const { url } = await startServer({})
    for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Basic dGVzdC10b2tlbg=='])
      expect(await get(url, '/v1/status', { authorization })).toMatchObject({
        status: 401,
        body: { error: 'unauthorized', message: expect.stringContaining('the join token is missing or wrong') },
      })
  })

  it.each(['', 'two words', '../etc', '-x', 'x'.repeat(65)])('refuses "%s" as a name', async (name) => {
    const { url } = await startServer({})
    expect(await post(url, '/v1/join', { 'tidemark-client': name })).toMatchObject({ status: 400 })
  })

  it('is shut once all clients are there, and the one too many is answered with their names', async () => {
    const { url } = await startServer({})
    await joinByHand(url, 'site-1')
    await joinByHand(url, 'site-2')
    await expect(startClient(url, 'site-3').done).rejects.toThrow('the job has its 2 clients already: site-1, site-2')
  })

  it('lets a name be taken over, and tells the first process so', async () => {
    const { url } = await startServer({})
    const { done } = startClient(url, 'site-1')
    await expect.poll(async () => (await get(url, '/v1/status')).body.clients).toHaveLength(1)
    await joinByHand(url, 'site-1')
    await joinByHand(url, 'site-2')
    await expect(done).rejects.toThrow('another process has joined as "site-1" since')
  })

  it.each(['tidemark-job', 'tidemark-client', 'tidemark-session'])(
    'knows no client with a wrong %s',
    async (header) => {
      const { url } = await startServer({})
      const { identity } = await joinByHand(url, 'site-1')
      const answer = await sendResult(url, { ...identity, [header]: 'other' }, { round: 1 }, Buffer.alloc(0))
      expect([409, 410]).toContain(answer.status)
    },
  )

  it('tells what routes there are', async () => {
    const { url } = await startServer({})
    expect(await get(url, '/v2/task')).toMatchObject({
      status: 404,
      body: { message: expect.stringContaining('GET /v1/task') },
    })
  })
})

describe('a server', () => {
  it('does not start on a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    const { port } = other.address() as { port: number }
    const job = startServer({ port })
    await expect(job).rejects.toThrow(UsageError)
    await expect(job).rejects.toThrow(`the server cannot listen on 127.0.0.1:${port}`)
  })

  it('does not start with a quorum that no round can reach', async () => {
    await expect(startServer({ clients: 4, sample: 0.5, minClients: 3 })).rejects.toThrow(
      '--min-clients is 3, and a round draws 2 of 4 clients',
    )
  })

  it('does not start when its checkpoint could not be written', async () => {
    await expect(startServer({ checkpoint: '/nowhere/model.safetensors' })).rejects.toThrow(UsageError)
  })

  it('that is stopped says so to its clients', async () => {
    const { url, role, job } = await startServer({})
    const { done } = startClient(url, 'site-1')
    await expect.poll(async () => (await get(url, '/v1/status')).body.clients).toHaveLength(1)
    role.stop(new StoppedError('SIGTERM'))
    await expect(job).rejects.toThrow(StoppedError)
    await expect(done).rejects.toThrow('the server ended the job: stopped by SIGTERM')
  })
})

interface Gate {
  opened: Promise<void>
  open(): void
}

function makeGate(): Gate {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** Sends back what it gets, once the gate is open. */
function trainerBehind(gate: Gate): MakeTrainer {
  return async () => ({
    train: async (received) => {
      await gate.opened
      return { weights: received, numExamples: 1, steps: 1 }
    },
  })
}

function withValue(value: number): Weights {
  const good = weights(9)
  good.data[1]![1] = value
  return good
}

function withShape(shape: number[]): Weights {
  return { ...weights(9), specs: [{ ...SPECS[0], shape }, SPECS[1]] }
}

function withoutLast({ specs, data }: Weights): Weights {
  return { specs: specs.slice(0, -1), data: data.slice(0, -1) }
}

function withExtra({ specs, data }: Weights): Weights {
  return { specs: [...specs, { name: 'extra', dtype: 'F32', shape: [1] }], data: [...data, new Float32Array(1)] }
}

function claimTerabyte(): Buffer {
  const bytes = bytesOf(weights(9))
  bytes.writeBigUInt64LE(1_000_000_000_000n)
  return bytes
}
