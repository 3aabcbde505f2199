/** What a server reports to the user who runs it: its log, its warnings, and what it makes wait. */
import { readdirSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { fedavg } from '../../src/federation/algorithms/fedavg.js'
import { runServer } from '../../src/federation/server/server.js'
import type { Weights } from '../../src/federation/tensors/weights.js'
import { StoppedError } from '../../src/shared/errors.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'
import { fakeRole, TOKEN, waitForMark } from './fake-role.js'
import { bytesOf, get, joinByHand } from './raw-client.js'
import { serverSettings } from './settings.js'

const env = { TIDEMARK_TOKEN: TOKEN }

it('writes its log as JSON when asked to, and a round with what was measured', async () => {
  const job = ['--trainer', 'echo', '--model-size', '16KiB', '--clients', '1', '--rounds', '2']
  const server = startTidemark(['server', ...job, '--log-format', 'json'], { env })
  let log = ''
  server.child.stderr!.on('data', (text: string) => {
    log += text
  })
  const urlOf = () => /on (http:\/\/[\d.:]+)/.exec(log)?.[1]
  await expect.poll(urlOf, { timeout: 30_000 }).toBeDefined()
  const url = urlOf()!
  expect((await get(url, '/v1/nowhere')).status).toBe(404)
  const client = runTidemark(['client', '--server', url, '--name', 'site-1', '--log-format', 'json'], { env })
  const [served, answered] = [await server.finished, await client]
  const linesOf = ({ stderr }: { stderr: string }) =>
    stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  for (const line of linesOf(served))
    expect(line).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      level: expect.stringMatching(/^(info|warning)$/),
      role: 'server',
      pid: server.child.pid,
      message: expect.any(String),
    })
  const rounds = linesOf(served).filter((line) => 'round' in line)
  expect(rounds).toMatchObject([1, 2].map((round) => ({ round, attempt: 0, accepted: ['site-1'] })))
  for (const { ms, rssBytes } of rounds) expect([ms, rssBytes].every((value) => Number(value) > 0)).toBe(true)
  expect(linesOf(served)).toContainEqual(expect.objectContaining({ refused: 'not-found', status: 404 }))
  expect(linesOf(answered)).toContainEqual(
    expect.objectContaining({ role: 'client', name: 'site-1', round: 2, result: 'accepted' }),
  )
})

it('warns of a spool folder that is memory', needs('tmpfs'), async () => {
  const folder = await mkdtemp('/dev/shm/tidemark-test-')
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { code, stderr } = await runTidemark(['server', '--spool-dir', folder, '--join-deadline', '1ms'], { env })
  expect(stderr).toContain(`warning: the spool folder ${folder} is on tmpfs, which is memory`)
  expect(code).toBe(3)
})

it('takes no more results at a time than --max-uploads, and the others after them', async () => {
  const role = fakeRole()
  const spoolDir = temporaryFolder()
  const initial: Weights = { specs: [{ name: 'w', dtype: 'F32', shape: [50_000] }], data: [new Float32Array(50_000)] }
  const settings = serverSettings({ rounds: 1, clients: 3, minClients: 3, maxUploads: 1, spoolDir })
  const job = runServer({ settings, algorithm: fedavg, loadModel: async () => ({ initial }) }, role)
  job.catch(() => {})
  onTestFinished(async () => {
    role.stop(new StoppedError('SIGTERM'))
    await job.catch(() => {})
  })
  const { url } = (await waitForMark(role, 'ready')) as { url: string }
  const clients = await Promise.all(['site-1', 'site-2', 'site-3'].map((name) => joinByHand(url, name)))
  await Promise.all(clients.map((client) => client.task()))
  const body = bytesOf(initial)
  const underWay = () => readdirSync(spoolDir).filter((name) => name.endsWith('.part'))
  const slow = await clients[0]!.beginResult({ round: 1 }, body.length, body.subarray(0, 1000))
  await expect.poll(underWay).toHaveLength(1)
  const others = clients.slice(1).map((client) => client.result({ round: 1 }, body))
  // Theirs are on their way when the server answers this.
  for (let i = 0; i < 20; i++) expect((await get(url, '/v1/status')).status).toBe(200)
  expect(underWay()).toHaveLength(1)
  slow.write(body.subarray(1000))
  for (const other of others) expect(await other).toMatchObject({ body: { result: 'accepted' } })
  await Promise.all(clients.map((client) => client.task()))
  await job
  expect(role.marks).toContainEqual(
    expect.objectContaining({ mark: 'round', accepted: ['site-1', 'site-2', 'site-3'] }),
  )
})

it('keeps a spool folder that was made for it among the temporary ones, and removes it at the end', async () => {
  const parent = temporaryFolder()
  const args = ['server', '--clients', '1', '--join-deadline', '1ms', '--model', 'softmax']
  await runTidemark(args, { env: { ...env, TMPDIR: parent } })
  expect(readdirSync(join(parent))).toEqual([])
})
