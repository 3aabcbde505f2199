/** What a server that others can reach does about those who mean it no good. */
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StoppedError } from '../../src/errors.js'
import { runClient } from '../../src/federation/roles/client.js'
import type { ServerSettings } from '../../src/federation/roles/job.js'
import type { Weights } from '../../src/federation/weights/weights.js'
import { leaveOutWithout, needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
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

  it('says that it is alive to anyone, and to nobody without the token what it does', async () => {
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

  it('tells the one connection too many that it is one', async () => {
    const { url } = await startServer({ maxConnections: 2 })
    const open = [openSocket(url), openSocket(url)]
    await Promise.all(open.map((socket) => once(socket, 'connect')))
    expect(await textOf(openSocket(url))).toMatch(/503.*the server has its 2 connections; see --max-connections/s)
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
    const files = makeCertificates()
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
})

/** A certificate authority, a server and a client of its, and another authority. */
function makeCertificates(): (name: string) => string {
  const folder = temporaryFolder()
  const file = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  for (const ca of ['ca', 'other-ca'])
    openssl('req', '-x509', ...key, '-subj', `/CN=${ca}`, '-keyout', file(`${ca}.key`), '-out', file(`${ca}.crt`))
  for (const name of ['server', 'site-1']) {
    const names = name === 'server' ? 'IP:127.0.0.1' : `DNS:${name}`
    const signed = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-addext', `subjectAltName=${names}`]
    openssl(
      'req',
      '-x509',
      ...key,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.crt`),
      ...signed,
    )
  }
  return file
}
