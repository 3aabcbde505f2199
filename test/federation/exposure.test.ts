/** What a server that others can reach does about those who mean it no good. */
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runClient } from '../../src/federation/client/client.js'
import type { ServerSettings } from '../../src/federation/process/job.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { pollUntil } from '../../src/launch/poll.js'
import { StoppedError, TidemarkError } from '../../src/shared/errors.js'
import { leaveOutWithout, needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { makeCertificates } from './certificates.js'
import { fakeRole, TOKEN } from './fake-role.js'
import { bytesOf, get, joinByHand, openSocket, textOf } from './raw-client.js'
import { clientSettings } from './settings.js'
import { startServerOf } from './started-server.js'

const SPECS = [{ name: 'w', dtype: 'F32', shape: [50_000] }] as const

function weights(value: number): Weights {
  return { specs: SPECS, data: [new Float32Array(50_000).fill(value)] }
}

function startServer(changes: Partial<ServerSettings>) {
  return startServerOf(weights(1), { clients: 1, minClients: 1, ...changes })
}

function startClient(url: string, changes: Parameters<typeof clientSettings>[0] = {}) {
  const role = fakeRole()
  const echo = async () => ({ train: async (given: Weights) => ({ weights: given, numExamples: 1, steps: 1 }) })
  const done = runClient(clientSettings({ server: url, connectDeadlineMs: 10_000, ...changes }), echo, role)
  done.catch(() => {})
  onTestFinished(async () => {
    role.stop(new StoppedError('SIGTERM'))
    await done.catch(() => {})
  })
  return done
}

describe('a server', () => {
  it('is open to the network only with a token that was given', async () => {
    delete process.env.TIDEMARK_TOKEN
    try {
      await expect(startServer({ host: '0.0.0.0' })).rejects.toThrow('no join token was given')
    } finally {
      process.env.TIDEMARK_TOKEN = TOKEN
    }
  })

  it('says that it is alive to anyone, and to no one without the token what it does', async () => {
    const { url } = await startServer({})
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' })
    expect((await fetch(`${url}/metrics`)).status).toBe(401)
  })

  it('stops listening to an address that guesses at the token', async () => {
    const { url } = await startServer({})
    const guess = async () => (await get(url, '/v1/status', { authorization: 'Bearer guessed' })).status
    const answers = []
    for (let guesses = 0; guesses < 12; guesses++) answers.push(await guess())
    expect(answers).toEqual([...Array(10).fill(401), 429, 429])
    expect(await get(url, '/v1/status')).toMatchObject({
      status: 429,
      body: { message: expect.stringContaining('too many wrong tokens came from') },
    })
    await expect.poll(async () => (await get(url, '/v1/status')).status, { timeout: 10_000 }).toBe(200)
  })

  it('closes connections that send nothing, and an honest client gets its round', async () => {
    const { url, job } = await startServer({ headersMs: 200, maxConnections: 50 })
    const silent = Array.from({ length: 300 }, () => openSocket(url))
    await Promise.all(silent.map((socket) => once(socket, 'close')))
    await startClient(url)
    await job
  })

  it('has idle connections without the token give way to new ones, the oldest first', async () => {
    const { url, job } = await startServer({ maxConnections: 4 })
    const idle = Array.from({ length: 4 }, () => openSocket(url))
    for (const socket of idle) {
      socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
      await once(socket, 'data')
    }
    const closed: number[] = []
    for (const [number, socket] of idle.entries()) socket.once('close', () => closed.push(number))
    await startClient(url)
    await job
    expect(closed[0]).toBe(0)
  })

  it('has connections without the token give way though they are in the middle of something', async () => {
    const { url, job } = await startServer({ maxConnections: 3 })
    const busy = Array.from({ length: 3 }, () => openSocket(url))
    // A head without an end, a body without an end, and answers that no one reads.
    busy[0]!.write('GET /healthz HTTP/1.1\r\nhost: x\r\n')
    busy[1]!.write('POST /v1/failure HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n')
    busy[2]!.pause()
    busy[2]!.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(20_000))
    await startClient(url)
    await job
  })

  it('has idle connections with the token give way last, and never the one that a client is known by', async () => {
    const { url, job } = await startServer({ maxConnections: 3 })
    const client = await joinByHand(url, 'site-1')
    const ask = async (authorization: string) => {
      const socket = openSocket(url)
      socket.write(`GET /v1/status HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n\r\n`)
      await once(socket, 'data')
      return socket
    }
    const withToken = await ask(`Bearer ${TOKEN}`)
    const without = await ask('Bearer wrong')
    const closed = [client.presence, withToken, without].map((socket) => once(socket, 'close'))
    const third = openSocket(url)
    await closed[2]
    // Those that say nothing go before it too.
    const fourth = openSocket(url)
    await once(third, 'close')
    expect(withToken.destroyed).toBe(false)
    fourth.destroy()
    await client.task()
    await client.result({ round: 1 }, bytesOf(weights(2)))
    await client.task()
    await job
  })

  it('tells the one connection too many that it is one, where all others are clients', async () => {
    const { url } = await startServer({ maxConnections: 1 })
    await joinByHand(url, 'site-1')
    expect(await textOf(openSocket(url))).toMatch(/503.*the server has its 1 connections; see --max-connections/s)
  })

  it('says nothing to HTTP/1.0 before its answer', async () => {
    const { url } = await startServer({})
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const body = bytesOf(weights(2))
    const head = Object.entries({
      ...client.identity,
      authorization: `Bearer ${TOKEN}`,
      'tidemark-round': '1',
      'tidemark-attempt': '0',
      'tidemark-examples': '1',
      'tidemark-steps': '1',
      'content-length': body.length,
      expect: '100-continue',
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    const socket = openSocket(url)
    socket.write(`POST /v1/result HTTP/1.0\r\n${head.join('')}\r\n`)
    socket.write(body)
    expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 200 OK.*accepted/s)
  })

  it('cuts off an upload that drips, says why, and takes the next', async () => {
    const { url, job } = await startServer({ minRate: 1_000_000 })
    const client = await joinByHand(url, 'site-1')
    await client.task()
    const body = bytesOf(weights(2))
    const socket = await client.beginResult({ round: 1 }, body.length, body.subarray(0, 100))
    const drip = setInterval(() => socket.write(Buffer.alloc(1)), 200)
    onTestFinished(() => clearInterval(drip))
    expect(await textOf(socket)).toMatch(/408.*at least 976.6 KiB a second are asked for/s)
    // What came of it is let go: Node 26 ends a program that leaves an open file to the collector.
    expect(await pollUntil(() => !openFiles().some((name) => name.includes('.part')), 500)).toBe(true)
    expect(await client.result({ round: 1 }, body)).toMatchObject({ body: { result: 'accepted' } })
    await client.task()
    expect((await (await job).load()).data[0]![0]).toBe(2)
  })

  it('refuses a head of more than 16 KiB', async () => {
    const { url } = await startServer({})
    const socket = openSocket(url)
    socket.write(`GET /v1/status HTTP/1.1\r\nhost: x\r\nfiller: ${'x'.repeat(20_000)}\r\n\r\n`)
    expect(await textOf(socket)).toContain('431')
  })

  it('tells its state as metrics that promtool takes', async (context) => {
    const { url } = await startServer({})
    const client = await joinByHand(url, 'site-1')
    await client.task()
    expect((await client.result({ round: 9 }, Buffer.alloc(0))).status).toBe(422)
    const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
    const text = await answer.text()
    expect(text).toMatch(/^process_resident_memory_bytes \d{7,}$/m)
    expect(text).toContain('tidemark_round 1\n')
    expect(text).toContain('tidemark_phase{phase="collecting"} 1\n')
    expect(text).toContain('tidemark_requests_refused_total{reason="rejected"} 1\n')
    leaveOutWithout(context, 'promtool')
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect(`${checked.stdout}${checked.stderr}`).toBe('')
    expect(checked.status).toBe(0)
  })
})

describe('with TLS', () => {
  it('a job runs, and only who has a certificate in its own name takes part', needs('openssl'), async () => {
    const files = makeCertificates(temporaryFolder())
    const tls = { tlsCert: files('server.crt'), tlsKey: files('server.key'), tlsCa: files('ca.crt') }
    const { url, job } = await startServer({ ...tls })
    expect(url).toMatch(/^https:/)
    const own = { tlsCert: files('site-1.crt'), tlsKey: files('site-1.key'), tlsCa: files('ca.crt') }
    await expect(startClient(url, { tlsCa: files('ca.crt'), connectDeadlineMs: 300 })).rejects.toThrow()
    await expect(startClient(url, { name: 'site-2', ...own })).rejects.toThrow(
      'the certificate is not that of client "site-2"',
    )
    await expect(startClient(url, { ...own, tlsCa: files('other-ca.crt'), connectDeadlineMs: 300 })).rejects.toThrow(
      /certificate/,
    )
    await startClient(url, own)
    await job
  })

  it('half a certificate is a mistake, and is named', async () => {
    await expect(startServer({ tlsCert: '/nowhere/a.crt' })).rejects.toThrow('--tls-cert is given alone')
    await expect(startServer({ tlsCert: '/nowhere/a.crt', tlsKey: '/nowhere/a.key' })).rejects.toThrow(
      '--tls-cert /nowhere/a.crt cannot be read',
    )
  })

  it('files that hold no certificate, or not its key, are named', needs('openssl'), async () => {
    const folder = temporaryFolder()
    const files = makeCertificates(folder)
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [tlsCert, tlsKey] = [files('server.crt'), files('server.key')]
    const wrong: [settings: Partial<ServerSettings>, message: RegExp][] = [
      [{ tlsCert, tlsKey: files('site-1.key') }, /^TLS cannot use .*server.crt, .*site-1.key: .*mismatch/],
      [{ tlsCert: tlsKey, tlsKey: tlsCert }, /^--tls-cert .*server.key holds no CERTIFICATE in PEM$/],
      [{ tlsCert: pipe, tlsKey }, /^--tls-cert .*pipe cannot be read: found a folder, a pipe or a device, expected a/],
      [{ tlsCert, tlsKey: '/dev/zero' }, /^--tls-key .dev.zero cannot be read: found a folder, a pipe or a device/],
      [{ tlsCert, tlsKey, tlsCa: '/dev/null' }, /^--tls-ca .dev.null cannot be read: found a folder/],
    ]
    for (const [settings, message] of wrong) await expect(startServer(settings)).rejects.toThrow(message)
  })

  it('a client says which certificate or address does not fit', needs('openssl'), async () => {
    const files = makeCertificates(temporaryFolder())
    const tlsOf = (name: string) => ({ tlsCert: files(`${name}.crt`), tlsKey: files(`${name}.key`) })
    const ca = { tlsCa: files('ca.crt') }
    const site = { ...tlsOf('site-1'), connectDeadlineMs: 300 }
    // The server shows a certificate that is valid for another name.
    const other = await startServer({ ...tlsOf('site-2'), ...ca })
    const { url } = await startServer({ ...tlsOf('server'), ...ca })
    for (const [server, options, message] of [
      [other.url, { ...site, ...ca }, /could not reach the server at https:.*ERR_TLS_CERT_ALTNAME_INVALID/],
      [url, { ...site, tlsCa: files('other-ca.crt') }, /could not reach the server at https:.*CERT/],
      [url, ca, /could not reach the server at https:.*(ERR_SSL|within)/],
      [url.replace('https', 'http'), {}, /could not reach the server at http:.*(HPE|within)/],
    ] as const) {
      const failure = startClient(server, { connectDeadlineMs: 300, ...options })
      await expect(failure).rejects.toThrow(TidemarkError)
      await expect(failure).rejects.toThrow(message)
    }
  })
})

/** The files that this process has open, and with it the server. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`)
    } catch {
      return [] // the one that listed them
    }
  })
}
