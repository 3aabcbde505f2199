/** Long bodies, which are read past Node's HTTP, between a server and a client of ours; and clients that do it otherwise. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readWeights } from '../../../src/federation/tensors/safetensors/read-safetensors.js'
import { allocateTensor, type Weights } from '../../../src/federation/tensors/weights.js'
import { Connection } from '../../../src/federation/transport/http-client.js'
import { type Handler, listen, withIdleDeadline } from '../../../src/federation/transport/http-server.js'
import { DirectBody } from '../../../src/federation/transport/split-connection/direct-body.js'
import { readDirectly } from '../../../src/federation/transport/split-connection/direct-socket.js'
import { connectionOf, drain, takeBody } from '../../../src/federation/transport/split-connection/message-body.js'
import { MIB } from '../../../src/shared/units.js'
import { TOKEN } from '../fake-role.js'
import { bytesOf } from '../raw-client.js'

readDirectly()

const LENGTH = 32 * MIB + 4321
const SHORT = 100_000

/** Bytes that no other place of the body has. */
function bodyOf(length: number, seed: number): Buffer {
  const body = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) body.writeUInt32LE((Math.imul(at + seed, 0x9e3779b1) >>> 0) as number, at)
  return body
}

interface Taken {
  digest: string
  isDirect: boolean
  largestChunk: number
}

/** Reads a body; now and then it pauses, as who waits for a disk does. */
async function read(body: Readable, pauses = false): Promise<Taken> {
  const hash = createHash('sha256')
  let largestChunk = 0
  let chunks = 0
  body.on('data', (chunk: Uint8Array) => {
    hash.update(chunk)
    largestChunk = Math.max(largestChunk, chunk.length)
    if (!pauses || ++chunks % 7 !== 0) return
    body.pause()
    void setImmediate().then(() => body.resume())
  })
  await once(body, 'end')
  return { digest: hash.digest('hex'), isDirect: body instanceof DirectBody, largestChunk }
}

function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

async function startListening(routes: Record<string, Handler>) {
  const log: string[] = []
  const told = (line: string) => log.push(line)
  const server = await listen({ host: '127.0.0.1', port: 0, token: TOKEN, maxConnections: 10, routes, log: told })
  onTestFinished(() => server.close())
  return { url: server.url, log }
}

/** A server that takes bodies, and gives some. */
async function startServer({ pauses = false, idleMs = 10_000 } = {}) {
  const taken: Taken[] = []
  const sockets = new Set<Socket>()
  const give = (length: number) => async (request: IncomingMessage, response: ServerResponse) => {
    sockets.add(connectionOf(request))
    response.writeHead(200, { 'content-length': length })
    response.end(bodyOf(length, 7))
    return undefined
  }
  const take: Handler = async (request, response) => {
    sockets.add(connectionOf(request))
    const body = await takeBody(request, response)
    taken.push(await withIdleDeadline(request.socket, idleMs, () => read(body, pauses)))
    return { took: taken.length }
  }
  const { url, log } = await startListening({
    'POST /take': take,
    'GET /long': give(LENGTH),
    'GET /short': give(SHORT),
    'POST /refuse': async (request, response) => {
      const body = await takeBody(request, response)
      await once(body, 'data')
      throw new Error('no more of it is wanted')
    },
  })
  return { url, taken, sockets, log }
}

function openConnection(url: string): Connection {
  const signal = new AbortController().signal
  const connection = new Connection({ url, token: TOKEN, idleMs: 2000, signal })
  onTestFinished(() => connection.close())
  return connection
}

const post = (path: string, body: Uint8Array) =>
  ({
    method: 'POST',
    path,
    headers: {},
    body: { byteLength: body.length, chunks: () => [body] },
    askFirst: true,
  }) as const

const get = (path: string) => ({ method: 'GET', path, headers: {} }) as const

describe.each([false, true])('with a reader that pauses: %s', (pauses) => {
  it('bodies of every length come whole, all over one connection, and long ones in large pieces', async () => {
    const { url, taken, sockets } = await startServer({ pauses })
    const connection = openConnection(url)
    for (const [length, seed] of [
      [LENGTH, 1],
      [SHORT, 2],
      [LENGTH, 3],
    ] as const) {
      const body = bodyOf(length, seed)
      await connection.requestJson(post('/take', body))
      expect(taken.at(-1)).toMatchObject({ digest: digestOf(body), isDirect: length === LENGTH })
      const { body: short } = await connection.request(get('/short'))
      expect(await read(short)).toMatchObject({ digest: digestOf(bodyOf(SHORT, 7)), isDirect: false })
      const { body: long } = await connection.request(get('/long'))
      expect(await read(long, pauses)).toMatchObject({ digest: digestOf(bodyOf(LENGTH, 7)), isDirect: true })
    }
    expect(sockets.size).toBe(1)
    expect(taken[0]!.largestChunk).toBeGreaterThan(64 * 2 ** 10)
  })
})

/** A client by hand, which has sent the head of an upload. */
async function openUpload(url: string, { length = LENGTH, expects = true, path = '/take' } = {}) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const head = [`authorization: Bearer ${TOKEN}`, 'host: x', `content-length: ${length}`]
  if (expects) head.push('expect: 100-continue')
  socket.write(`POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
  let said = ''
  socket.on('data', (data) => {
    said += String(data)
  })
  return { socket, said: () => said, hears: (what: RegExp) => expect.poll(() => said, { timeout: 5000 }).toMatch(what) }
}

describe('a client that', () => {
  it('does not wait to be asked for its body is understood', async () => {
    const { url, taken } = await startServer()
    const body = bodyOf(LENGTH, 1)
    const { socket, hears } = await openUpload(url)
    socket.write(body)
    await hears(/200 OK.*"took":1/s)
    expect(taken[0]!.digest).toBe(digestOf(body))
  })

  it('never asks whether its body is wanted is understood', async () => {
    const { url, taken } = await startServer()
    const body = bodyOf(LENGTH, 1)
    const { socket, hears } = await openUpload(url, { expects: false })
    socket.write(body)
    await hears(/200 OK.*"took":1/s)
    expect(taken[0]).toMatchObject({ digest: digestOf(body), isDirect: false })
  })

  it('sends its next request right behind a body is answered twice, in order', async () => {
    const { url, taken } = await startServer()
    const { socket, said, hears } = await openUpload(url)
    await hears(/100 Continue/)
    const next = `GET /status HTTP/1.1\r\nauthorization: Bearer ${TOKEN}\r\nhost: x\r\n\r\n`
    socket.write(Buffer.concat([bodyOf(LENGTH, 1), Buffer.from(next)]))
    await hears(/"took":1.*404 Not Found/s)
    expect(taken[0]).toMatchObject({ digest: digestOf(bodyOf(LENGTH, 1)), isDirect: true })
    expect(said().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200', 'HTTP/1.1 404'])
  })

  it('sends rubbish behind a body is told so, after the answer', async () => {
    const { url } = await startServer()
    const { socket, hears } = await openUpload(url)
    await hears(/100 Continue/)
    socket.write(Buffer.concat([bodyOf(LENGTH, 1), Buffer.from('this is no request\r\n\r\n')]))
    await hears(/"took":1.*400 Bad Request/s)
    await expect.poll(() => socket.destroyed).toBe(true)
  })

  it.each(['ends', 'breaks off'])('%s in the middle of its body is given up, and the next is served', async (how) => {
    const { url, taken, log } = await startServer()
    const { socket, hears } = await openUpload(url)
    await hears(/100 Continue/)
    await new Promise((resolve) => socket.write(bodyOf(LENGTH / 2, 1), resolve))
    if (how === 'ends') socket.end()
    else socket.resetAndDestroy()
    await expect.poll(() => log.join()).toMatch(/aborted|ECONNRESET/)
    await openConnection(url).requestJson(post('/take', bodyOf(LENGTH, 2)))
    expect(taken).toHaveLength(1)
  })

  it('falls silent in the middle of its body is given up, and the next is served', async () => {
    const { url, taken } = await startServer({ idleMs: 300 })
    const { socket, hears } = await openUpload(url)
    await hears(/100 Continue/)
    socket.write(bodyOf(LENGTH / 2, 1))
    await expect.poll(() => socket.destroyed).toBe(true)
    await openConnection(url).requestJson(post('/take', bodyOf(LENGTH, 2)))
    expect(taken).toHaveLength(1)
  })

  it('has its body refused half-way hears why, and is hung up on', async () => {
    const { url } = await startServer()
    const { socket, hears } = await openUpload(url, { path: '/refuse' })
    await hears(/100 Continue/)
    socket.write(bodyOf(LENGTH / 2, 1))
    await hears(/500 Internal Server Error.*connection: close.*no more of it is wanted/s)
    await expect.poll(() => socket.destroyed).toBe(true)
  })
})

describe('an answer that', () => {
  it('is not wanted to its end costs its connection, and the next request has another one', async () => {
    const { url, sockets } = await startServer()
    const connection = openConnection(url)
    const { body } = await connection.request(get('/long'))
    body.destroy()
    await expect.poll(() => connection.requestJson(post('/take', bodyOf(SHORT, 1))).catch(String)).toEqual({ took: 1 })
    expect(sockets.size).toBe(2)
  })

  it('breaks off is no answer', async () => {
    const { url, sockets } = await startServer()
    const { body } = await openConnection(url).request(get('/long'))
    body.once('data', () => {
      for (const socket of sockets) socket.destroy()
    })
    await expect(read(body)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('weights', () => {
  /** Of all sizes, in both number types, so that pieces end anywhere in them. */
  const specs = Array.from({ length: 40 }, (_, i) => ({
    name: `t${String(i).padStart(2, '0')}`,
    dtype: i % 3 === 0 ? ('F64' as const) : ('F32' as const),
    shape: [[1, 77, 5000, 130_003, 400_001][i % 5]!],
  }))
  const filled = (value: (i: number) => number) => ({
    specs,
    data: specs.map((spec) => allocateTensor(spec).map((_, i) => value(i))),
  })

  /** A server that reads weights into memory which is there already; `after` is called once they were read or refused. */
  async function startReader(into: Weights, after: () => void) {
    const memory = new Set(into.data.map(({ buffer }) => buffer))
    let inPlace = 0
    const { url } = await startListening({
      'POST /weights': async (request, response) => {
        const body = await takeBody(request, response)
        body.on('data', (chunk: Uint8Array) => {
          if (memory.has(chunk.buffer)) inPlace++
          if (chunk.length % 5 !== 0) return
          body.pause()
          void setImmediate().then(() => body.resume())
        })
        const refused = await readWeights(body, { expected: specs, maxBytes: 1e9, into }).then(
          () => null,
          (reason: Error) => reason.message,
        )
        after()
        await drain(body)
        return { refused }
      },
    })
    return { url, inPlace: () => inPlace }
  }

  it('are read to where they stay, bit for bit', async () => {
    const into = filled(() => -1)
    const { url, inPlace } = await startReader(into, () => {})
    const connection = openConnection(url)
    for (const factor of [0.1, 0.7]) {
      const sent = filled((i) => i * factor)
      expect(await connection.requestJson(post('/weights', bytesOf(sent)))).toEqual({ refused: null })
      expect(bytesOf(into).equals(bytesOf(sent))).toBe(true)
    }
    expect(inPlace()).toBeGreaterThan(0)
  })

  it('that are refused half-way leave what comes behind the fault out of memory that is another’s by then', async () => {
    const into = filled(() => -1)
    const sent = filled((i) => i)
    sent.data[13]!.fill(Number.NaN)
    const { url } = await startReader(into, () => {
      for (const tensor of into.data) tensor.fill(-2)
    })
    const connection = openConnection(url)
    expect(await connection.requestJson(post('/weights', bytesOf(sent)))).toEqual({
      refused: expect.stringContaining('has the value NaN at index 0'),
    })
    for (const tensor of into.data) expect(tensor.every((value) => value === -2)).toBe(true)
    expect(await connection.requestJson(post('/weights', bytesOf(filled((i) => i))))).toEqual({ refused: null })
  })
})

it('a Node that does not let a server choose the memory of a connection reads long bodies as all others', async () => {
  const probe = connect(1, '127.0.0.1').on('error', () => {}) as Socket & { _handle: object }
  const tcp = Object.getPrototypeOf(Object.getPrototypeOf(probe._handle)) as { useUserBuffer: unknown }
  const { useUserBuffer } = tcp
  expect(useUserBuffer).toBeTypeOf('function')
  const { url, taken } = await startServer()
  tcp.useUserBuffer = undefined
  onTestFinished(() => {
    tcp.useUserBuffer = useUserBuffer
  })
  const { socket, hears } = await openUpload(url)
  await hears(/100 Continue/)
  socket.write(bodyOf(LENGTH, 1))
  await hears(/"took":1/)
  expect(taken[0]).toMatchObject({ digest: digestOf(bodyOf(LENGTH, 1)), isDirect: false })
})
