import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readRecording } from '../../src/recording/storage/read-recording.js'
import { needs } from '../optional-parts.js'
import { PYTHON } from '../python.js'
import { followSpikingProgram, SPIKES_ON_ORDER, type SpikingProgram } from '../recording/spiking-program.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const MB = 1_000_000

interface Served {
  url: string
  folder: string
  program: SpikingProgram
  child: ChildProcess
  /** The scrape of one scraper, which has this name. */
  scrape(name: string): Promise<string>
}

async function serve(args: string[] = [], environment: Record<string, string> = {}): Promise<Served> {
  const folder = join(temporaryFolder(), 'recording')
  const command = [PROGRAM, 'run', '--listen', '0', '--out', folder, ...args, '--', PYTHON, SPIKES_ON_ORDER]
  const child = spawn(process.execPath, command, { env: { ...process.env, NO_COLOR: '1', ...environment } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const url = await addressOf(child)
  const program = await followSpikingProgram(child)
  const scrape = async (name: string) => (await fetch(`${url}metrics?scraper=${name}`)).text()
  return { url, folder, program, child, scrape }
}

async function addressOf(child: ChildProcess): Promise<string> {
  let heard = ''
  for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
    heard += chunk
    const url = /live at (http:\/\/[^/]+\/)/.exec(heard)?.[1]
    if (url !== undefined) {
      child.stderr!.resume()
      return url
    }
  }
  throw new Error(`it did not say where it listens: ${heard}`)
}

function valueIn(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]
  return value === undefined ? undefined : Number(value)
}

const relative = (measured: number | undefined, truth: number) => Math.abs((measured ?? 0) / truth - 1)

describe('/metrics', () => {
  test('each scraper gets each spike of 20 ms once, and rounds keep theirs', async () => {
    const { program, scrape, folder } = await serve()
    await scrape('slow')
    const tops = []
    for (let round = 1; round <= 4; round++) {
      const top = await program.spike((200 + 10 * round) * MB, 20)
      tops.push(top)
      expect(relative(valueIn(await scrape('fast'), 'tidemark_peak_bytes'), top), `spike ${round}`).toBeLessThan(0.01)
      expect(valueIn(await scrape('fast'), 'tidemark_peak_bytes')).toBeLessThan(60 * MB)
      if (round % 2 === 0)
        expect(relative(valueIn(await scrape('slow'), 'tidemark_peak_bytes'), top)).toBeLessThan(0.01)
      await program.round(round)
    }
    await program.end()
    const { rounds } = readRecording(folder)
    expect(rounds.map(({ peakKind }) => peakKind)).toEqual(['exact', 'exact', 'exact', 'exact'])
    for (const [i, { peakBytes }] of rounds.entries()) expect(relative(peakBytes!, tops[i]!)).toBeLessThan(0.01)
  })

  test('promtool finds nothing to complain about', needs('promtool'), async () => {
    const { program, scrape } = await serve(['--role', 'we"ird\\=spikes'])
    await program.round(1)
    let text = ''
    await until(async () => {
      text = await scrape('one')
      return text.includes('tidemark_tree_rss_bytes') && text.includes('tidemark_rounds_total')
    })
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect(checked, text).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(text).toContain('tidemark_rounds_total{role=')
  })

  test('a real Prometheus scrapes it and keeps what it got', needs('prometheus'), async () => {
    const { program, url } = await serve()
    const folder = temporaryFolder()
    const static_configs = [{ targets: [new URL(url).host] }]
    const scrape_configs = [{ job_name: 'tidemark', scrape_interval: '1s', static_configs }]
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify({ scrape_configs }))
    const port = await freePort()
    const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`]
    const prometheus = spawn('prometheus', [...flags, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' })
    onTestFinished(async () => {
      prometheus.kill('SIGKILL')
      await once(prometheus, 'exit')
    })
    const query = async (text: string): Promise<number[]> => {
      const asked = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`
      const answer = await fetch(asked).catch(() => undefined)
      if (answer === undefined || !answer.ok) return []
      const { data } = (await answer.json()) as {
        data: { result: { value?: [number, string]; values?: [number, string][] }[] }
      }
      return data.result.flatMap(({ value, values }) => values ?? [value!]).map(([, number]) => Number(number))
    }
    await until(async () => (await query('tidemark_rss_bytes')).length === 1)
    const top = await program.spike(250 * MB, 20)
    await until(async () => relative((await query('max_over_time(tidemark_peak_bytes[1m])'))[0], top) < 0.01)
    await until(async () => (await query('tidemark_peak_bytes'))[0]! < 60 * MB)
    const values = await query('tidemark_peak_bytes[1m]')
    expect(values.filter((value) => relative(value, top) < 0.01)).toHaveLength(1)
  })
})

test('/api/status tells of roles, rounds and the limit as JSON, and the stream of events of all there is, then of news', async () => {
  const { url, program } = await serve(['--role', 'server=spikes'])
  const stream = (await fetch(`${url}events`)).body!.getReader()
  await program.spike(100 * MB, 20)
  await program.round(1)
  const status = async () => (await (await fetch(`${url}api/status`)).json()) as { roles: { rounds: number }[] }
  await until(async () => (await status()).roles[0]?.rounds === 1)
  expect(await status()).toMatchObject({
    state: 'running',
    unit: 'round',
    command: [PYTHON, SPIKES_ON_ORDER],
    roles: [
      {
        role: 'server',
        rounds: 1,
        recentRounds: [{ round: 1, peakKind: 'exact' }],
        processes: [{ pid: expect.any(Number) }],
      },
    ],
    limit: { bytes: expect.any(Number) },
    alerts: [],
  })
  let heard = ''
  while (!/event: update\ndata: .*"rounds":\[\{"role":"server","round":\{"round":1,/.test(heard))
    heard += Buffer.from((await stream.read()).value!).toString()
  expect(heard.startsWith('event: state\ndata: {"title":')).toBe(true)
  await program.end()
  for (let chunk = await stream.read(); !chunk.done; chunk = await stream.read())
    heard += Buffer.from(chunk.value).toString()
  expect(heard.trimEnd().split('\n').at(-1)).toContain('"state":"ended"')
})

describe('who may ask', () => {
  test('without a token only requests for a loopback host are answered: no page elsewhere can lead here', async () => {
    const { url } = await serve()
    const { port } = new URL(url)
    for (const path of ['/', '/metrics', '/events', '/api/status', '/page.js']) {
      expect(await statusFor(port, path, `evil.example:${port}`), path).toBe(403)
      if (path !== '/events') expect(await statusFor(port, path, `localhost:${port}`), path).toBe(200)
    }
    expect((await fetch(`${url}none`)).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(404)
  })

  test('on another address it takes a token, and nothing is served without it', async () => {
    const refused = await runTidemark(['run', '--listen', '0.0.0.0:0', '--', 'true'], { cwd: temporaryFolder() })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('others can reach this address, and no token was given')
    const weak = await runTidemark(['run', '--listen', '0.0.0.0:0', '--token', 'short', '--', 'true'], {
      cwd: temporaryFolder(),
    })
    expect(weak).toMatchObject({ code: 2, stderr: expect.stringContaining('at least 16') })

    const token = '0123456789abcdef'
    const { url } = await serve(['--listen', '0.0.0.0:0'], { TIDEMARK_LISTEN_TOKEN: token, TIDEMARK_TOKEN: 'letmein' })
    const here = `http://127.0.0.1:${new URL(url).port}`
    for (const path of ['/', '/metrics', '/events', '/api/status', '/page.js', '/none']) {
      expect((await fetch(here + path)).status, path).toBe(401)
      expect((await fetch(here + path, { headers: { authorization: 'Bearer wrong-token-0123' } })).status).toBe(401)
      expect((await fetch(`${here}${path}?token=wrong`)).status).toBe(401)
    }
    const withToken = { headers: { authorization: `Bearer ${token}` } }
    expect((await fetch(`${here}/metrics`, withToken)).status).toBe(200)
    const entered = await fetch(`${here}/?token=${token}`, { redirect: 'manual' })
    expect(entered.status).toBe(303)
    const cookie = entered.headers.get('set-cookie')!
    expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/i)
    expect((await fetch(here, { headers: { cookie: cookie.split(';')[0]! } })).status).toBe(200)
  })

  test('a port that is taken, and one that is none, are named before anything starts', async () => {
    const taken = createSocketServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const cwd = temporaryFolder()
    const run = (listen: string) => runTidemark(['run', '--listen', listen, '--', 'echo', 'started'], { cwd })
    const busy = await run(String(port))
    expect(busy).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(`cannot listen on 127.0.0.1:${port}`),
    })
    for (const wrong of ['70000', 'host', 'a:b', '::1', '-1']) {
      const { code, stderr } = await run(wrong)
      expect([wrong, code]).toEqual([wrong, 2])
      expect(stderr).toContain('expected a port from 0 to 65535')
    }
  })
})

test('a client that does not read, and one that is gone, hold up neither the recording nor its end', async () => {
  const { url, program, child } = await serve()
  const { port } = new URL(url)
  const { connect } = await import('node:net')
  for (let i = 0; i < 20; i++) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    if (i % 2 === 0) socket.destroy()
    else socket.pause()
    onTestFinished(() => void socket.destroy())
  }
  await program.round(1)
  await program.end()
  if (child.exitCode === null) await once(child, 'exit')
  expect(child.exitCode).toBe(0)
})

test('compare serves the trial that runs', async () => {
  const cwd = temporaryFolder()
  const small = ['--trainer', 'echo', '--model-size', '2MB', '--rounds', '40', '--trials', '1', '--arena-max', 'unset']
  const axis = ['--server-memory-gc-rounds', '0']
  const command = [PROGRAM, 'compare', 'fedavg', ...small, ...axis, '--listen', '0', '--out', 'out']
  const child = spawn(process.execPath, command, { cwd, env: { ...process.env, NO_COLOR: '1' } })
  onTestFinished(() => void child.kill('SIGINT'))
  const url = await addressOf(child)
  child.stdout.resume()
  let text = ''
  await until(async () => {
    text = await (await fetch(`${url}metrics`)).text()
    return text.includes('tidemark_rounds_total{role="server"}')
  })
  expect(text).toMatch(/^tidemark_peak_bytes\{role="server",process="server",pid="\d+",kind="(exact|sampled)"\} \d+$/m)
  expect(await (await fetch(url)).text()).toContain('trial 1')
  if (child.exitCode === null) await once(child, 'exit')
  expect(child.exitCode).toBe(0)
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it did not come to hold: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** fetch does not let a program choose the host. */
async function statusFor(port: string, path: string, host: string): Promise<number> {
  const { request } = await import('node:http')
  const asked = request({ port, path, headers: { host }, agent: false })
  asked.end()
  const [response] = await once(asked, 'response')
  response.destroy()
  return response.statusCode
}
