/**
 * Servers that lose power at each step of a round: the disk is copied as it is at that moment, without what the kernel still holds in
 * memory, and the server continues from the copy.
 */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SafetensorsFile } from '../../src/federation/tensors/safetensors/safetensors-file.js'
import type { Mark } from '../../src/shared/marks.js'
import { MIB } from '../../src/shared/units.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, startTidemark } from '../tidemark.js'

const JOB = ['--trainer', 'echo', '--model-size', '1MiB', '--clients', '2', '--min-clients', '2', '--rounds', '2']
const ENV = { TIDEMARK_TOKEN: 'a-token', NO_COLOR: '1' }

const STEPS = [
  'upload-begun',
  'result-spooled@2',
  'result-counted@1',
  'result-counted@3',
  'round-settled',
  'mean-begun@2',
  'mean-written',
  'mean-renamed@2',
  'before-commit',
  'committed@2',
  'spools-removed',
  'persisted',
]

/** A file system in a file, mounted in a folder until the test ends. */
function mountImage(image: string): string {
  const folder = temporaryFolder()
  execFileSync('mount', ['-o', 'loop', image, folder])
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
  return folder
}

function makeImage(folder: string): string {
  const image = join(folder, 'disk')
  writeFileSync(image, '')
  truncateSync(image, 64 * MIB)
  execFileSync('mkfs.ext4', ['-q', image])
  return image
}

function startServer(spool: string, flags: string[], env: Record<string, string> = {}) {
  const marksFile = join(temporaryFolder(), 'marks.ndjson')
  writeFileSync(marksFile, '')
  const child = spawn(process.execPath, [PROGRAM, 'server', ...JOB, '--spool-dir', spool, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...ENV, TIDEMARK_MARKS: marksFile, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const said = text(child.stderr)
  const ended = once(child, 'exit').then(async ([code, signal]) => ({ code, signal, stderr: await said }))
  const marks = () =>
    readFileSync(marksFile, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Mark)
  const url = async () => {
    const find = () => marks().find((mark) => mark.mark === 'ready')
    await expect.poll(find, { timeout: 30_000, interval: 20 }).toBeDefined()
    return (find() as { url: string }).url
  }
  return { child, ended, url, marks }
}

describe('a server that loses power', { ...needs('loop devices'), timeout: 120_000 }, () => {
  /** Each step ends with the same one. */
  const models = new Set<string>()

  it.each(STEPS)('at %s continues from what is on the disk, with all clients in each round', async (step) => {
    const folder = temporaryFolder()
    const image = makeImage(folder)
    const spool = mountImage(image)
    const first = startServer(spool, ['--port', '0'], { TIDEMARK_KILL_AT: step })
    const url = await first.url()
    const clients = ['site-1', 'site-2'].map((name) =>
      startTidemark(['client', '--server', url, '--name', name], { env: ENV }),
    )
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })
    copyFileSync(image, join(folder, 'copy'))
    const after = mountImage(join(folder, 'copy'))
    const again = startServer(after, [
      '--resume',
      '--port',
      new URL(url).port,
      '--checkpoint',
      join(after, 'model.safetensors'),
    ])
    expect(await again.ended).toMatchObject({ code: 0 })
    for (const { finished } of clients) expect(await finished).toMatchObject({ code: 0 })
    const rounds = [...first.marks(), ...again.marks()].filter((mark) => mark.mark === 'round')
    for (const mark of rounds) expect((mark as { accepted?: string[] }).accepted).toEqual(['site-1', 'site-2'])
    const model = new SafetensorsFile(join(after, 'model.safetensors'))
    expect(model.metadata.round).toBe('2')
    const bytes = readFileSync(model.path).subarray(model.headBytes)
    model.close()
    models.add(createHash('sha256').update(bytes).digest('hex'))
    expect(models.size).toBe(1)
  })
})

describe('a job that is gone on with', () => {
  /** A spool whose server was killed with one result acknowledged, and its client gone. */
  async function interrupted(step: string) {
    const spool = join(temporaryFolder(), 'spool')
    mkdirSync(spool)
    const server = startServer(spool, ['--port', '0'], { TIDEMARK_KILL_AT: step })
    const url = await server.url()
    const clients = ['site-1', 'site-2'].map((name) =>
      startTidemark(['client', '--server', url, '--name', name], { env: ENV }),
    )
    expect(await server.ended).toMatchObject({ signal: 'SIGKILL' })
    return { spool, url, clients }
  }

  const spoilings: [what: string, spoil: (file: string) => void][] = [
    ['is empty', (file) => truncateSync(file)],
    ['lacks its end', (file) => truncateSync(file, 700_000)],
    ['has zeros within', (file) => writeFileSync(file, readFileSync(file).fill(0, 500_000, 504_096))],
  ]

  it.each(spoilings)('asks again for a result whose file %s', async (_what, spoil) => {
    const { spool, url, clients } = await interrupted('result-counted@2')
    const results = readdirSync(spool).filter((name) => name.includes('-result-'))
    expect(results).toHaveLength(2)
    spoil(join(spool, results[0]!))
    const again = startServer(spool, ['--resume', '--port', new URL(url).port])
    const { code, stderr } = await again.ended
    expect(stderr).toContain(`${results[0]} in ${spool} is incomplete, and its client is asked again`)
    expect(code, stderr).toBe(0)
    for (const { finished } of clients) expect(await finished).toMatchObject({ code: 0 })
  })

  it('and whose state is gone, or damaged, is no new job', async () => {
    const { spool, clients } = await interrupted('persisted')
    for (const { child } of clients) child.kill('SIGKILL')
    const state = join(spool, 'state.safetensors')
    truncateSync(state, 1000)
    const damaged = await startServer(spool, ['--resume', '--port', '0']).ended
    expect(damaged.stderr).toContain(`its state, ${state}, is damaged`)
    expect(damaged.code).toBe(2)
    rmSync(state)
    const missing = await startServer(spool, ['--resume', '--port', '0']).ended
    expect(missing.stderr).toContain(
      `the job in ${spool} was in round 1, and its state is missing: there is no ${state}`,
    )
    expect(missing.code).toBe(2)
  })
})
