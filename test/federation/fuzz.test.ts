/**
 * Whatever comes over the network: seeded, so that what was found once is found again. `npm run fuzz` runs 20,000 cases of each
 * kind; here a few of them run with every `npm test`.
 */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readWeights } from '../../src/federation/tensors/safetensors/read-safetensors.js'
import { WeightsError } from '../../src/federation/tensors/safetensors/safetensors-header.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { readProcessStatus } from '../../src/linux/process/process-status.js'
import type { Mark } from '../../src/shared/marks.js'
import { MIB } from '../../src/shared/units.js'
import { temporaryFolder } from '../temporary-folder.js'
import { startTidemark } from '../tidemark.js'
import { TOKEN } from './fake-role.js'
import { bytesOf, joinByHand } from './raw-client.js'

const CASES = Number(process.env.TIDEMARK_FUZZ_CASES ?? 300)
const RUNS = { numRuns: CASES, seed: Number(process.env.TIDEMARK_FUZZ_SEED ?? 1) }
/** 20,000 requests take two minutes on a quiet machine. */
const LIMIT_MS = 60_000 + CASES * 60

/** An answer takes milliseconds; a server that has not answered by then hangs. */
const HANG_MS = 30_000

/** What a server of a small model may take at the most, whatever is sent to it. */
const MOST_BYTES = 256 * MIB

const SPECS = [
  { name: 'W', dtype: 'F32', shape: [2, 3] },
  { name: 'b', dtype: 'F64', shape: [3] },
] as const
const VALID: Weights = { specs: SPECS, data: [new Float32Array(6).fill(0.5), new Float64Array(3).fill(0.25)] }

/** Changes of a valid body: bytes replaced, a part taken out, a part doubled, the end cut off or gone on with. */
const anyMutation = fc.oneof(
  fc.record({
    kind: fc.constant('replace' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.nat(255),
  }),
  fc.record({
    kind: fc.constant('remove' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.nat(40),
  }),
  fc.record({
    kind: fc.constant('double' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.nat(40),
  }),
  fc.record({ kind: fc.constant('append' as const), tail: fc.uint8Array({ maxLength: 40 }) }),
)
type Mutation = typeof anyMutation extends fc.Arbitrary<infer M> ? M : never

function mutated(body: Buffer, mutations: readonly Mutation[]): Buffer {
  let bytes = Buffer.from(body)
  for (const mutation of mutations) {
    if (mutation.kind === 'append') {
      bytes = Buffer.concat([bytes, mutation.tail])
      continue
    }
    // Heads are where a reader decides; half of the changes are made there.
    const place = Math.floor(mutation.at ** 2 * bytes.length)
    if (mutation.kind === 'replace') bytes[place] = mutation.byte
    else {
      const end = place + mutation.bytes
      const parts =
        mutation.kind === 'remove'
          ? [bytes.subarray(0, place), bytes.subarray(end)]
          : [bytes.subarray(0, end), bytes.subarray(place)]
      bytes = Buffer.concat(parts)
    }
  }
  return bytes
}

async function readOrRefuse(bytes: Uint8Array): Promise<void> {
  try {
    await readWeights(Readable.from([bytes], { objectMode: false }), { maxBytes: 1e6 })
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error
  }
}

it(
  'a reader of safetensors takes any bytes or refuses them',
  async () => {
    const anyHeader = fc.json({ maxDepth: 4 }).map((json) => {
      const text = json.padEnd(Math.ceil(Buffer.byteLength(json) / 8) * 8 - Buffer.byteLength(json) + json.length)
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)))
      return Buffer.concat([length, Buffer.from(text), Buffer.alloc(16)])
    })
    const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), anyHeader)
    await fc.assert(fc.asyncProperty(anyBytes, readOrRefuse), RUNS)
  },
  LIMIT_MS,
)

it(
  'a reader of safetensors takes any change of a valid file or refuses it',
  async () => {
    const body = bytesOf(VALID)
    const anyMutations = fc.array(anyMutation, { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(anyMutations, (mutations) => readOrRefuse(mutated(body, mutations))),
      RUNS,
    )
  },
  LIMIT_MS,
)

const PATHS = ['/v1/join', '/v1/task', '/v1/result', '/v1/failure', '/v1/status', '/metrics', '/healthz']

/** Text that may stand in a head without ending it; what ends it is sent all the same, by `anyRaw`. */
const anyText = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('', '0', '1', '-1', '1e9', '99999999999999999999', 'NaN', '../../etc/passwd', 'site-1', 'a, b'),
)

/** Undefined: what a proper client would send. */
const anyRequest = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PATCH'),
  path: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...PATHS) },
    { weight: 1, arbitrary: fc.webPath() },
    {
      weight: 1,
      arbitrary: fc.constantFrom('/', '*', '//', '/v1/../metrics', '/v1/result?x=1', '/%00', '/v1/result%2e'),
    },
  ),
  isAuthorized: fc.boolean().map((drawn) => drawn || undefined),
  job: fc.option(anyText, { nil: undefined, freq: 6 }),
  client: fc.option(anyText, { nil: undefined, freq: 6 }),
  session: fc.option(anyText, { nil: undefined, freq: 6 }),
  round: fc.option(anyText, { nil: undefined, freq: 3 }),
  attempt: fc.option(anyText, { nil: undefined, freq: 6 }),
  examples: fc.option(anyText, { nil: undefined, freq: 3 }),
  extra: fc.array(
    fc.tuple(fc.constantFrom('tidemark-round', 'content-length', 'transfer-encoding', 'expect', 'x'), anyText),
    {
      maxLength: 2,
    },
  ),
  mutations: fc.option(fc.array(anyMutation, { maxLength: 4 }), { nil: undefined }),
  /** How far the announced length is off. */
  lie: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -100, max: 10_000 }) },
  ),
})
type AnyRequest = typeof anyRequest extends fc.Arbitrary<infer R> ? R : never

/** No request at all, or one that breaks off. */
const anyRaw = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ maxLength: 300 }).map((text) => Buffer.from(text)),
)

function bytesOfRequest(request: AnyRequest, identity: Record<string, string>, valid: Buffer): Buffer {
  const body = request.mutations === undefined ? Buffer.alloc(0) : mutated(valid, request.mutations)
  const plain = (text: string) => text.replace(/[^\x20-\x7e]/g, '?')
  const headers: [string, string][] = [
    ['host', 'x'],
    ['connection', 'close'],
    ['authorization', `Bearer ${request.isAuthorized ? TOKEN : 'guessed'}`],
    ['tidemark-job', request.job ?? identity['tidemark-job']!],
    ['tidemark-client', request.client ?? identity['tidemark-client']!],
    ['tidemark-session', request.session ?? identity['tidemark-session']!],
    ['tidemark-round', request.round ?? '1'],
    ['tidemark-attempt', request.attempt ?? '0'],
    ['tidemark-examples', request.examples ?? '1'],
    ['tidemark-steps', '1'],
    ['content-length', String(Math.max(0, body.length + request.lie))],
    ...request.extra,
  ]
  const head = headers.map(([name, value]) => `${name}: ${plain(value)}\r\n`).join('')
  return Buffer.concat([Buffer.from(`${request.method} ${plain(request.path)} HTTP/1.1\r\n${head}\r\n`), body])
}

/** Sends bytes and the end of them; resolves with the status once the server has closed the connection. */
async function sendAll(port: number, bytes: Uint8Array, isTrusted: boolean): Promise<number | undefined> {
  // Wrong tokens come from elsewhere: the address that guesses is not listened to, and the honest client's is this one.
  const socket = connect({ port, host: '127.0.0.1', localAddress: isTrusted ? '127.0.0.1' : '127.0.0.2' })
  let answer = ''
  socket.on('data', (data) => {
    answer += String(data)
    // A task that is waited for comes with weights, or not for a while: a client that goes away is part of the game.
    if (answer.startsWith('HTTP/1.1 200')) socket.destroy()
  })
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  const hang = setTimeout(() => socket.destroy(new Error('hang')), HANG_MS)
  socket.end(bytes)
  await closed
  clearTimeout(hang)
  if (socket.errored?.message === 'hang') throw new Error(`the server neither answered nor hung up in ${HANG_MS} ms`)
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]) || undefined
}

it(
  'a server survives whatever is sent to any of its routes, in bounded memory, and continues with its rounds',
  async () => {
    const folder = temporaryFolder()
    const marksFile = join(folder, 'marks.ndjson')
    writeFileSync(marksFile, '')
    const marks = () =>
      readFileSync(marksFile, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Mark)
    const rounds = () => marks().filter((mark) => mark.mark === 'round' && mark.role === 'server')
    const env = { TIDEMARK_TOKEN: TOKEN, TIDEMARK_MARKS: marksFile }
    const job = [
      '--trainer',
      'echo',
      '--model-size',
      '16KiB',
      '--clients',
      '2',
      '--rounds',
      '1000000',
      '--grace',
      '100ms',
    ]
    const limits = ['--idle-deadline', '2s', '--headers-deadline', '2s', '--spool-dir', join(folder, 'spool')]
    const { child } = startTidemark(['server', ...job, ...limits], { env })
    await expect.poll(() => marks().find((mark) => mark.mark === 'ready'), { timeout: 30_000 }).toBeDefined()
    const url = (marks().find((mark) => mark.mark === 'ready') as { url: string }).url
    startTidemark(['client', '--server', url, '--name', 'honest'], { env })
    const fuzzer = await joinByHand(url, 'fuzzer')
    const valid = bytesOf((await fuzzer.task()).weights!)
    const port = Number(new URL(url).port)

    const anyAttack = fc.oneof({ weight: 9, arbitrary: anyRequest }, { weight: 1, arbitrary: anyRaw })
    await fc.assert(
      fc.asyncProperty(anyAttack, async (attack) => {
        const isRaw = attack instanceof Uint8Array
        const bytes = isRaw ? attack : bytesOfRequest(attack, fuzzer.identity, valid)
        const status = await sendAll(port, bytes, isRaw || attack.isAuthorized === true)
        expect(status).not.toBe(500)
        expect(child.exitCode).toBeNull()
      }),
      RUNS,
    )

    const before = rounds().length
    await expect.poll(() => rounds().length, { timeout: 60_000 }).toBeGreaterThan(before + 1)
    // A peak is reset when its round ends; the marks have those before.
    const status = readProcessStatus(child.pid!)
    const peaks = rounds().map((mark) => ('peakBytes' in mark ? (mark.peakBytes ?? 0) : 0))
    expect(Math.max(...peaks, status.kind === 'read' ? status.peakBytes : Number.POSITIVE_INFINITY)).toBeLessThan(
      MOST_BYTES,
    )
  },
  LIMIT_MS,
)
