/** Attacks on a server that spools, one by one; after each, an honest client gets its round. See also exposure.test.ts. */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ServerSettings } from '../../src/federation/process/job.js'
import type { runServer } from '../../src/federation/server/server.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { isAuthorized } from '../../src/federation/transport/token.js'
import { readProcessStatus } from '../../src/linux/process/process-status.js'
import { MIB } from '../../src/shared/units.js'
import { temporaryFolder } from '../temporary-folder.js'
import { startTidemark } from '../tidemark.js'
import { TOKEN } from './fake-role.js'
import { bytesOf, joinByHand, openSocket, sendResult, textOf } from './raw-client.js'
import { startServerOf } from './started-server.js'

const SPECS = [
  { name: 'W', dtype: 'F32', shape: [2, 3] },
  { name: 'b', dtype: 'F32', shape: [3] },
] as const

function weights(value: number): Weights {
  return { specs: SPECS, data: [new Float32Array(6).fill(value), new Float32Array(3).fill(value)] }
}

async function startServer(changes: Partial<ServerSettings> = {}) {
  const spoolDir = temporaryFolder()
  const started = await startServerOf(weights(1), { clients: 1, minClients: 1, reconnectMs: 50, spoolDir, ...changes })
  return { ...started, spoolDir }
}

type Client = Awaited<ReturnType<typeof joinByHand>>

/** The round that the attack was aimed at. */
async function expectHonestRound(client: Client, job: ReturnType<typeof runServer>): Promise<void> {
  expect(await client.result({ round: 1 }, bytesOf(weights(3)))).toMatchObject({ body: { result: 'accepted' } })
  await client.task()
  expect([...(await (await job).load()).data[0]!]).toEqual(Array(6).fill(3))
}

/** A file with this header, and as many zeros behind it as the model has. */
function fileOf(header: string): Buffer {
  const bytes = Buffer.from(header)
  const padded = Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  return Buffer.concat([length, padded, Buffer.alloc(36)])
}

function entry(name: string, begin: number, end: number, shape: number[]): string {
  return `${JSON.stringify(name)}:${JSON.stringify({ dtype: 'F32', shape, data_offsets: [begin, end] })}`
}

const W = entry('W', 0, 24, [2, 3])
const B = entry('b', 24, 36, [3])
const DEEP = `${'['.repeat(10_000)}${']'.repeat(10_000)}`

describe('a result whose header', () => {
  const lies: [what: string, header: string, message: RegExp][] = [
    ['claims a tensor of 4 TiB', `{${W},${entry('b', 24, 24 + 2 ** 42, [2 ** 40])}}`, /"b" is F32 \[1099511627776\]/],
    ['has tensors that overlap', `{${W},${entry('b', 12, 24, [3])}}`, /"b" starts at byte 12, .* ends at 24/],
    ['has a gap between tensors', `{${W},${entry('b', 28, 40, [3])}}`, /"b" starts at byte 28, .* ends at 24/],
    ['has a tensor twice', `{${W},${B},${B}}`, /a key twice/],
    ['has an offset twice', `{${W},"b":{"dtype":"F32","shape":[3],"shape":[3],"data_offsets":[24,36]}}`, /a key twice/],
    ['nests 10,000 levels', `{${W},"b":${DEEP}}`, /not an object|not JSON|key|type/],
    [
      'nests 10,000 levels in a shape',
      `{${W},"b":{"dtype":"F32","shape":${DEEP},"data_offsets":[24,36]}}`,
      /shape of tensor "b"/,
    ],
    ['names a tensor like a path', `{${W},${entry('../../../etc/passwd', 24, 36, [3])}}`, /tensor "b" is missing/],
    ['has NUL in a name', `{${W},${entry('b\0', 24, 36, [3])}}`, /tensor "b" is missing/],
    ['has a name of 1 MB', `{${W},${entry('b'.repeat(1_000_000), 24, 36, [3])}}`, /tensor "b" is missing/],
  ]

  it.each(lies)('%s is refused, leaves no file, and the round continues', async (_what, header, message) => {
    const { url, job, spoolDir } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const refused = await client.result({ round: 1 }, fileOf(header))
    expect(refused).toMatchObject({ status: 422, body: { message: expect.stringMatching(message) } })
    expect(String(refused.body.message).length).toBeLessThan(500)
    expect(readdirSync(spoolDir).filter((name) => name.startsWith('round-'))).toEqual([])
    await expectHonestRound(client, job)
  })

  it('names what no model has gets a short message', async () => {
    const { url } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const extra = `{${W},${B},${entry('\0../'.repeat(250_000), 36, 36, [0])}}`
    const { status, body } = await client.result({ round: 1 }, fileOf(extra))
    expect(status).toBe(422)
    expect(body.message).toMatch(/tensor "\\u0000\.\.\/.*…" is not part of the model/)
    expect(String(body.message).length).toBeLessThan(500)
  })
})

describe('a body that', () => {
  it('is longer than it said is no result, and what follows its length is no request', async () => {
    const { url, job, spoolDir } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const body = bytesOf(weights(3))
    const socket = await client.beginResult({ round: 1 }, body.length - 12, body)
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 4(00|22) /)
    await expect.poll(() => readdirSync(spoolDir).filter((name) => name.startsWith('round-'))).toEqual([])
    await expectHonestRound(client, job)
  })

  it('is shorter than it said, and ends, is no result', async () => {
    const { url, job, spoolDir } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const body = bytesOf(weights(9))
    const socket = await client.beginResult({ round: 1 }, body.length + 8, body)
    socket.end()
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 400 /)
    await expect.poll(() => readdirSync(spoolDir).filter((name) => name.startsWith('round-'))).toEqual([])
    await expectHonestRound(client, job)
  })

  it('never ends, in chunks without a length, is not begun to be read', async () => {
    const { url, job } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const socket = openSocket(url)
    socket.write(headOf('POST /v1/result', { ...client.identity, ...CLAIM, 'transfer-encoding': 'chunked' }))
    const endless = setInterval(() => socket.write('4\r\nendl\r\n'), 5)
    onTestFinished(() => clearInterval(endless))
    expect(await textOf(socket)).toMatch(/411.*must come with its Content-Length/s)
    await expectHonestRound(client, job)
  })

  it('never ends, as a reason for a failure, is cut off', async () => {
    const { url, job } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const socket = openSocket(url)
    const head = { ...client.identity, ...CLAIM, 'transfer-encoding': 'chunked' }
    socket.write(`${headOf('POST /v1/failure', head)}${'400\r\n'}`)
    const endless = setInterval(() => socket.write(`${'x'.repeat(1024)}\r\n400\r\n`), 1)
    onTestFinished(() => clearInterval(endless))
    expect(await textOf(socket)).toMatch(/413.*a JSON text of at most 65536 bytes/s)
    await expectHonestRound(client, job)
  })

  it('drips as a reason for a failure is given up', async () => {
    const { url, job } = await startServer({ minRate: 1_000_000 })
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const socket = openSocket(url)
    socket.write(headOf('POST /v1/failure', { ...client.identity, ...CLAIM, 'content-length': '60000' }))
    const drip = setInterval(() => socket.write('x'), 200)
    onTestFinished(() => clearInterval(drip))
    expect(await textOf(socket)).toMatch(/408/)
    await expectHonestRound(client, job)
  })
})

describe('a head that', () => {
  const repeated: [header: string, status: RegExp][] = [
    ['content-length: 0', /^HTTP\/1.1 400/],
    ['tidemark-client: site-2', /400.*must name the client/s],
    ['tidemark-session: other', /409.*another process has joined/s],
    ['tidemark-round: 1', /400.*must be a whole number/s],
  ]

  it.each(repeated)('repeats "%s" is refused', async (header, message) => {
    const { url, job } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const socket = openSocket(url)
    const head = headOf('POST /v1/result', {
      ...client.identity,
      ...CLAIM,
      'content-length': '100',
      connection: 'close',
    })
    socket.write(head.replace('\r\n\r\n', `\r\n${header}\r\n\r\n`))
    expect(await textOf(socket)).toMatch(message)
    await expectHonestRound(client, job)
  })

  it('gives a length and chunks at once is refused', async () => {
    const { url } = await startServer()
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const socket = openSocket(url)
    const both = { ...CLAIM, 'content-length': '4', 'transfer-encoding': 'chunked' }
    socket.write(headOf('POST /v1/result', { ...client.identity, ...both }))
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 400/)
  })
})

it("a client that uses another's name without its session changes nothing", async () => {
  const { url, job } = await startServer({ clients: 2, minClients: 2 })
  const [one, two] = [await joinByHand(url, 'site-1'), await joinByHand(url, 'site-2')]
  await Promise.all([one.task(), two.task()])
  const stolen = { ...two.identity, 'tidemark-client': 'site-1' }
  expect(await sendResult(url, stolen, { round: 1 }, bytesOf(weights(9)))).toMatchObject({ status: 409 })
  await two.result({ round: 1 }, bytesOf(weights(3)))
  await one.result({ round: 1 }, bytesOf(weights(3)))
  await Promise.all([one.task(), two.task()])
  expect((await (await job).load()).data[0]![0]).toBe(3)
})

it('a result that was accepted and is replayed in the next round is late, and changes nothing', async () => {
  const { url, job } = await startServer({ rounds: 2 })
  const client = await joinByHand(url, 'site-1')
  await client.task()
  expect(await client.result({ round: 1 }, bytesOf(weights(9)))).toMatchObject({ body: { result: 'accepted' } })
  await client.task()
  expect(await client.result({ round: 1 }, bytesOf(weights(9)))).toMatchObject({ status: 409, body: { error: 'late' } })
  await client.result({ round: 2 }, bytesOf(weights(3)))
  await client.task()
  expect((await (await job).load()).data[0]![0]).toBe(3)
})

it('tokens of every length are compared with the right one, and only that one passes', () => {
  const right = 'a'.repeat(32)
  for (let length = 0; length < 64; length++)
    expect(isAuthorized(`Bearer ${'a'.repeat(length)}`, right)).toBe(length === 32)
  for (const wrong of [undefined, '', right, `bearer ${right}`, `Bearer ${right} `, `Bearer ${'b'.repeat(32)}`])
    expect(isAuthorized(wrong, right)).toBe(false)
})

it('10,000 connections that send nothing cost a server little, and an honest client gets its rounds', async () => {
  const env = { TIDEMARK_TOKEN: TOKEN }
  const job = ['--trainer', 'echo', '--model-size', '16KiB', '--clients', '1', '--rounds', '3']
  const { child, finished } = startTidemark(['server', ...job, '--join-deadline', '3m'], { env })
  const url = await urlOf(child.stderr!)
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (let batch = 0; batch < 20; batch++) {
    const opened = Array.from({ length: 500 }, () => openSocket(url, `127.0.1.${batch + 1}`))
    sockets.push(...opened)
    // Each was let in, was asked to leave, or was cut off.
    await Promise.all(opened.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])))
  }
  expect(sockets).toHaveLength(10_000)
  // Connections that say nothing are closed after --headers-deadline; then there is room.
  const { finished: client } = startTidemark(['client', '--server', url, '--name', 'site-1'], { env })
  const memory = readProcessStatus(child.pid!)
  expect(memory.kind === 'read' ? memory.rssBytes : Number.POSITIVE_INFINITY).toBeLessThan(256 * MIB)
  expect(await client).toMatchObject({ code: 0 })
  expect(await finished).toMatchObject({ code: 0 })
})

const CLAIM = {
  'tidemark-round': '1',
  'tidemark-attempt': '0',
  'tidemark-examples': '1',
  'tidemark-steps': '1',
}

function headOf(line: string, headers: Record<string, string>): string {
  const all = { host: 'x', authorization: `Bearer ${TOKEN}`, ...headers }
  const text = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${text.join('')}\r\n`
}

/** From the line by which a server says where it listens. */
async function urlOf(stderr: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for (;;) {
    const [data] = (await once(stderr, 'data')) as [string]
    text += data
    const url = /on (http:\/\/[\d.:]+)/.exec(text)?.[1]
    if (url !== undefined) return url
  }
}
