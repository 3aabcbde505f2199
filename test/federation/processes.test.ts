/** Jobs as users run them: `tidemark server` and `tidemark client` as processes of their own. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readCheckpoint } from '../../src/federation/tensors/checkpoint.js'
import type { Mark } from '../../src/shared/marks.js'
import { MIB } from '../../src/shared/units.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, startTidemark } from '../tidemark.js'

const TOKEN = 'a-token-for-tests'

/** As a Node that does not let a server choose the memory of a connection. */

/** A job in a folder of its own, with the marks of all its roles. */
function startJob(serverFlags: string[], serverEnvironment: Record<string, string> = {}) {
  const folder = temporaryFolder()
  const marksFile = join(folder, 'marks.ndjson')
  writeFileSync(marksFile, '')
  const env = { TIDEMARK_TOKEN: TOKEN, TIDEMARK_MARKS: marksFile }
  const server = startTidemark(['server', ...serverFlags], { env: { ...env, ...serverEnvironment } })
  const marks = () =>
    readFileSync(marksFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Mark)
  const waitFor = async <Kind extends Mark['mark']>(kind: Kind, name?: string) => {
    const isWanted = (mark: Mark): mark is Extract<Mark, { mark: Kind }> =>
      mark.mark === kind && mark.name === name && (name !== undefined || mark.role === 'server')
    await expect.poll(() => marks().some(isWanted), { timeout: 30_000, interval: 20 }).toBe(true)
    return marks().find(isWanted)!
  }
  return {
    folder,
    server,
    marks,
    waitFor,
    startClient: async (name: string, flags: string[] = []) => {
      const { url } = await waitFor('ready')
      return startTidemark(['client', '--server', url!, '--name', name, ...flags], { env })
    },
  }
}

/** Whole passes over the data: with the few steps of the default job, three rounds would learn nothing. */
const SMALL = ['--model', 'softmax', '--clients', '2', '--rounds', '3', '--local-steps', '0', '--batch-size', '16']

describe('a job', () => {
  it('learns the digits, and every role measures its rounds', async () => {
    const job = startJob([...SMALL, '--server-memory-gc-rounds', '2'], { TIDEMARK_ATTRIBUTION: '1' })
    const clients = [await job.startClient('site-1'), await job.startClient('site-2')]
    for (const { finished } of [job.server, ...clients]) expect(await finished).toMatchObject({ code: 0 })
    const marks = job.marks()
    const rounds = marks.filter((mark) => mark.mark === 'round')
    expect(rounds).toHaveLength(9)
    const own = rounds.filter((mark) => mark.role === 'server')
    expect(own.map((mark) => mark.cleanup !== null)).toEqual([false, true, false])
    expect(own.map((mark) => mark.accepted)).toEqual(Array(3).fill(['site-1', 'site-2']))
    expect(own.at(-1)!.accuracy).toBeGreaterThan(0.85)
    for (const { peakBytes, work, end } of rounds) {
      expect(peakBytes).toBeGreaterThanOrEqual(work.rssBytes - MIB)
      expect(end.rssBytes).toBeGreaterThan(20 * MIB)
    }
    const order = marks.filter((mark) => mark.role === 'server').map((mark) => mark.mark)
    expect(order.slice(0, 3)).toEqual(['start', 'ready', 'round-start'])
    expect(order.slice(-2)).toEqual(['attribution', 'end'])
  })

  it('ends with the same bytes for large weights kept in files as in memory', async () => {
    const run = async (flags: string[]) => {
      const file = join(temporaryFolder(), 'model.safetensors')
      const large = ['--model-size', '33MiB', '--local-steps', '1', '--batch-size', '1', '--evaluate-every', '9']
      const job = startJob([...large, '--rounds', '3', '--checkpoint', file, ...flags])
      const clients = [await job.startClient('site-1'), await job.startClient('site-2')]
      for (const { finished } of [job.server, ...clients]) expect(await finished).toMatchObject({ code: 0 })
      return readFileSync(file)
    }
    const spooled = await run(['--aggregation', 'spooled'])
    const buffered = await run(['--aggregation', 'buffered', '--summation', 'ordered'])
    expect(spooled.length).toBeGreaterThan(32 * MIB)
    expect(buffered.equals(spooled)).toBe(true)
  })

  it('ends with the same bytes each time it is run, whichever client joins first', async () => {
    const run = async (names: string[]): Promise<Buffer> => {
      const file = join(temporaryFolder(), 'model.safetensors')
      const job = startJob(['--model-size', '200KB', '--clients', '3', '--rounds', '2', '--checkpoint', file])
      const clients = []
      for (const name of names) {
        const client = await job.startClient(name)
        await job.waitFor('ready', name)
        clients.push(client)
      }
      for (const { finished } of [job.server, ...clients]) expect(await finished).toMatchObject({ code: 0 })
      return readFileSync(file)
    }
    const first = await run(['site-1', 'site-2', 'site-3'])
    expect((await run(['site-3', 'site-1', 'site-2'])).equals(first)).toBe(true)
  })

  it('names its clients when they are killed in the middle of a round', async () => {
    const job = startJob([...SMALL, '--local-steps', '1000000', '--round-attempts', '1', '--reconnect-grace', '100ms'])
    const clients = [await job.startClient('site-1'), await job.startClient('site-2')]
    await job.waitFor('round-start', 'site-1')
    await job.waitFor('round-start', 'site-2')
    for (const { child } of clients) child.kill('SIGKILL')
    const { code, stderr } = await job.server.finished
    expect(code).toBe(3)
    expect(stderr).toContain('site-1: its connection broke, and it did not come back within 100 ms')
    expect(stderr).toContain('site-2: its connection broke')
  })

  it('of Cyclic passes the last good weights on when the client that holds them is killed', async () => {
    const job = startJob([...SMALL, '--algorithm', 'cyclic', '--clients', '3', '--reconnect-grace', '100ms'])
    const steps = ['--connect-deadline', '10s']
    const clients = [
      await job.startClient('site-1', steps),
      await job.startClient('site-2', steps),
      await job.startClient('site-3', steps),
    ]
    await job.waitFor('round-start', 'site-2')
    clients[1]!.child.kill('SIGKILL')
    expect(await job.server.finished).toMatchObject({ code: 0 })
    for (const { finished } of [clients[0]!, clients[2]!]) expect(await finished).toMatchObject({ code: 0 })
    const own = job.marks().filter((mark) => mark.mark === 'round' && mark.role === 'server')
    expect(own).toHaveLength(3)
    for (const mark of own) expect(mark).toMatchObject({ accepted: expect.arrayContaining(['site-1', 'site-3']) })
    expect(own.at(-1)).toMatchObject({ accepted: ['site-1', 'site-3'] })
  })

  it('whose server is killed ends its clients with a sentence', async () => {
    const job = startJob([...SMALL, '--rounds', '1000000'])
    const flags = ['--connect-deadline', '500ms']
    const clients = [await job.startClient('site-1', flags), await job.startClient('site-2', flags)]
    await job.waitFor('round')
    job.server.child.kill('SIGKILL')
    for (const { finished } of clients) {
      const { code, stderr } = await finished
      expect(code).toBe(3)
      expect(stderr).toMatch(/client "site-\d" could not reach the server at http:\S+ within 500 ms: /)
      expect(stderr).toContain('Is the server running, and reachable from here?')
    }
  })

  it('that is stopped by SIGTERM ends all of its processes', async () => {
    const job = startJob([...SMALL, '--rounds', '1000000'])
    const clients = [await job.startClient('site-1'), await job.startClient('site-2')]
    await job.waitFor('round')
    job.server.child.kill('SIGTERM')
    expect(await job.server.finished).toMatchObject({ code: 143 })
    for (const { finished } of clients) {
      const { code, stderr } = await finished
      expect(code).toBe(3)
      expect(stderr).toContain('the server ended the job: stopped by SIGTERM')
    }
    const ends = job.marks().filter((mark) => mark.mark === 'end')
    expect(ends.map((mark) => `${mark.role} ${mark.state}`).sort()).toEqual([
      'client failed',
      'client failed',
      'server stopped',
    ])
  })

  it('that is stopped after its clients were does not wait for them to come back', async () => {
    const job = startJob([...SMALL, '--rounds', '1000000'])
    const clients = [await job.startClient('site-1'), await job.startClient('site-2')]
    await job.waitFor('round')
    for (const { child } of clients) child.kill('SIGTERM')
    for (const { finished } of clients) expect(await finished).toMatchObject({ code: 143 })
    job.server.child.kill('SIGTERM')
    const { code, stderr } = await job.server.finished
    expect(code).toBe(143)
    expect(stderr).not.toContain('did not come back')
  })
})

describe('a role', () => {
  it('that is stopped by SIGTERM in the middle of its training ends at once', async () => {
    const job = startJob([...SMALL, '--clients', '1', '--local-steps', '1000000', '--reconnect-grace', '100ms'])
    const { child, finished } = await job.startClient('site-1')
    await job.waitFor('round-start', 'site-1')
    child.kill('SIGTERM')
    expect(await finished).toMatchObject({ code: 143 })
  })

  it('ends when the process that owns it is gone', async () => {
    const server = spawn(process.execPath, [PROGRAM, 'server'], {
      env: { ...process.env, TIDEMARK_TOKEN: TOKEN, TIDEMARK_OWNED: '1' },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    onTestFinished(() => void server.kill('SIGKILL'))
    let stderr = ''
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    await expect.poll(() => stderr, { timeout: 30_000 }).toContain('start each client')
    server.stdin.destroy()
    const [code] = await once(server, 'close')
    expect(code).toBe(3)
    expect(stderr).toContain('the process that started this one has ended')
  })

  /**
   * Measured: 56.0 MiB under Node 20, 68.4 under 22, 72.4 under 24, 73.7 under 26, of which 15.3, 19.0, 21.9 and 22.2 are
   * the role's own (anonymous). The rest are pages of files, above all of Node's binary: 9 to 11 MiB more of them from 22 on.
   */
  it('is small before it has a model', async () => {
    const isNode20 = process.versions.node.startsWith('20.')
    const job = startJob(['--join-deadline', '1ms'])
    const { memory } = await job.waitFor('start')
    expect(memory.rssBytes).toBeLessThan((isNode20 ? 60 : 78) * MIB)
    expect(memory.rssAnonBytes).toBeLessThan((isNode20 ? 18 : 25) * MIB)
    expect(await job.server.finished).toMatchObject({ code: 3 })
  })

  it.each([
    [['client', '--name', 'site-1'], 'a client needs the address of its server'],
    [['client', '--server', 'localhost:80', '--name', 'a'], '"localhost:80" is not the address of a server'],
    [['client', '--server', 'http://127.0.0.1:1', '--name', '../a'], '"../a" cannot be the name of a client'],
    [
      ['client', '--server', 'http://127.0.0.1:1', '--token-file', '/nowhere'],
      'the token file /nowhere cannot be read',
    ],
    [['server', '--token-file', '/dev/null'], 'the token file /dev/null is empty'],
    [['client', '--server', 'http://127.0.0.1:1', '--token-file', '/dev/null'], 'the token file /dev/null is empty'],
    [['coordinator', '--token-file', '/dev/null'], 'the token file /dev/null is empty'],
    [['server', '--min-clients', '3'], '--min-clients is 3, and a round draws 2 of 2 clients'],
    [['server', '--clients', '5', '--max-clients', '4'], '--clients is 5, and a job on this server may have 4 clients'],
    [['server', '--host', '192.0.2.1'], 'the server cannot listen on 192.0.2.1:0'],
  ])('says what is wrong with %j', async (args, message) => {
    const { code, stderr } = await startTidemark(args, { env: { TIDEMARK_TOKEN: TOKEN } }).finished
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })

  it('says that its token is wrong', async () => {
    const job = startJob(SMALL)
    const { url } = await job.waitFor('ready')
    const client = startTidemark(['client', '--server', url!], { env: { TIDEMARK_TOKEN: 'another' } })
    const { code, stderr } = await client.finished
    expect(code).toBe(3)
    expect(stderr).toContain('the join token is missing or wrong')
  })
})

it('curl can read the protocol', async () => {
  const job = startJob(SMALL)
  const { url } = await job.waitFor('ready')
  const curl = (path: string, ...flags: string[]) =>
    JSON.parse(
      execFileSync('curl', ['-s', '-H', `authorization: Bearer ${TOKEN}`, ...flags, `${url}${path}`]).toString(),
    )
  expect(curl('/v1/join', '-X', 'POST', '-H', 'tidemark-client: by-hand')).toMatchObject({ settings: { rounds: 3 } })
  expect(curl('/v1/status')).toMatchObject({ algorithm: 'fedavg', clients: [{ name: 'by-hand' }] })
})

it('the checkpoint is the model, as safetensors that any reader takes', async () => {
  const file = join(temporaryFolder(), 'model.safetensors')
  const job = startJob([...SMALL, '--clients', '1', '--rounds', '1', '--checkpoint', file])
  await job.startClient('site-1')
  expect((await job.server.finished).stdout).toBe(`${file}\n`)
  expect(existsSync(`${file}.part`)).toBe(false)
  const { specs } = await readCheckpoint(file)
  expect(specs).toEqual([
    { name: 'output/weight', dtype: 'F32', shape: [64, 10] },
    { name: 'output/bias', dtype: 'F32', shape: [10] },
  ])
  expect(statSync(file).size % 4).toBe(0)
})
