/** A server whose disk runs full at one step of a round or another, on a small file system of its own, and is started again. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Weights } from '../../src/federation/tensors/weights.js'
import type { Mark } from '../../src/shared/marks.js'
import { MIB } from '../../src/shared/units.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM } from '../tidemark.js'
import { TOKEN } from './fake-role.js'
import { bytesOf, joinByHand } from './raw-client.js'

const JOB = ['--trainer', 'echo', '--model-size', '1MiB', '--clients', '2', '--min-clients', '2', '--rounds', '1']

/** Holds the state, two results, the next state, and what a round wants to be left free. */
const DISK_BYTES = 24 * MIB

/** A safetensors header of a few tensors, in whole pages. */
const HEAD_BYTES = 4096

interface Disk {
  /** Where the server finds it. */
  folder: string
  /** Runs a program that sees it. */
  start(program: string, args: string[], env: Record<string, string>): ChildProcess
  /** Fills it but for so many bytes. */
  fill(free: number): void
  empty(): void
  /** Makes every rename onto this file fail, as one onto a file that is mounted does. */
  hold(file: string): void
  letGo(file: string): void
  /** The same of a file that is not there yet. */
  occupy(file: string): void
  vacate(file: string): void
  list(): string[]
}

/** A tmpfs that is there for this test's processes alone, and goes with the process that holds it. */
async function openDisk(): Promise<Disk> {
  const folder = temporaryFolder()
  const script = `mount -t tmpfs -o size=${DISK_BYTES} tmpfs "$1" && echo mounted && exec cat`
  const holder = spawn('unshare', ['-rm', 'sh', '-c', script, 'sh', folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  const seen = `/proc/${holder.pid}/root${folder}`
  const entered = ['-t', String(holder.pid), '-U', '-m', '--preserve-credentials']
  const inside = (...command: string[]) => void execFileSync('nsenter', [...entered, ...command])
  const hold = (file: string) => inside('mount', '--bind', join(folder, file), join(folder, file))
  const letGo = (file: string) => inside('umount', join(folder, file))
  return {
    folder,
    start: (program, args, env) => {
      const child = spawn('nsenter', [...entered, program, ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, ...env },
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      return child
    },
    fill: (free) => {
      const { bavail, bsize } = statfsSync(seen)
      writeFileSync(join(seen, 'ballast'), Buffer.alloc(bavail * bsize - free))
    },
    empty: () => rmSync(join(seen, 'ballast')),
    hold,
    letGo,
    occupy: (file) => {
      writeFileSync(join(seen, file), '')
      hold(file)
    },
    vacate: (file) => {
      letGo(file)
      rmSync(join(seen, file))
    },
    list: () => readdirSync(seen),
  }
}

async function startServer(disk: Disk, flags: string[]) {
  const marksFile = join(temporaryFolder(), 'marks.ndjson')
  writeFileSync(marksFile, '')
  const env = { TIDEMARK_TOKEN: TOKEN, TIDEMARK_MARKS: marksFile, NO_COLOR: '1' }
  const args = [PROGRAM, 'server', ...JOB, '--spool-dir', disk.folder, ...flags]
  const child = disk.start(process.execPath, args, env)
  const said = text(child.stderr!)
  const ended = once(child, 'exit').then(async ([code]) => ({ code: code as number | null, stderr: await said }))
  const ready = () =>
    readFileSync(marksFile, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Mark)
      .find((mark) => mark.mark === 'ready')
  await expect.poll(ready, { timeout: 30_000, interval: 20 }).toBeDefined()
  return { child, url: (ready() as { url: string }).url, ended }
}

/** What a client makes of the weights: other numbers for each. */
function trained(weights: Weights, factor: number): Buffer {
  return bytesOf({
    specs: weights.specs,
    data: weights.data.map((values) => values.map((value) => value * factor + 1 / factor)),
  })
}

/** A round of two clients, of which the first is accepted before the disk runs full. */
async function openRound(disk: Disk, checkpoint: string) {
  const server = await startServer(disk, ['--checkpoint', checkpoint])
  const one = await joinByHand(server.url, 'site-1')
  const two = await joinByHand(server.url, 'site-2')
  const [{ weights }] = await Promise.all([one.task(), two.task()])
  const results = [trained(weights!, 3), trained(weights!, 7)] as const
  expect(await one.result({ round: 1, examples: 2 }, results[0])).toMatchObject({ body: { result: 'accepted' } })
  return { ...server, one, two, sendSecond: () => two.result({ round: 1, examples: 5 }, results[1]) }
}

type Round = Awaited<ReturnType<typeof openRound>>

async function startAgain(disk: Disk, { url }: Round, checkpoint: string) {
  return startServer(disk, ['--checkpoint', checkpoint, '--resume', '--port', new URL(url).port])
}

async function expectEnd({ one, two }: Round, { ended }: Pick<Round, 'ended'>): Promise<void> {
  for (const client of [one, two]) expect(JSON.parse((await client.task()).body)).toMatchObject({ task: 'done' })
  expect(await ended).toMatchObject({ code: 0 })
}

let undisturbed: Promise<Buffer> | undefined

function modelOfUndisturbedRun(): Promise<Buffer> {
  undisturbed ??= (async () => {
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const round = await openRound(await openDisk(), checkpoint)
    await round.sendSecond()
    await expectEnd(round, round)
    return readFileSync(checkpoint)
  })()
  return undisturbed
}

describe('a disk that runs full', needs('mounts'), () => {
  it('during an upload refuses it, keeps what was acknowledged, and a restart ends with the same bits', async () => {
    const expected = await modelOfUndisturbedRun()
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const disk = await openDisk()
    const round = await openRound(disk, checkpoint)
    disk.fill(MIB / 2)
    expect(await round.sendSecond()).toMatchObject({
      status: 507,
      body: { error: 'no-space', message: 'the disk of the server is full; the same request may do later' },
    })
    round.child.kill('SIGKILL')
    await round.ended
    disk.empty()
    const again = await startAgain(disk, round, checkpoint)
    // No one trains again: the one's result is there, and the other's is sent as it was.
    expect(await round.sendSecond()).toMatchObject({ body: { result: 'accepted' } })
    await expectEnd(round, again)
    expect(readFileSync(checkpoint).equals(expected)).toBe(true)
  })

  it('during an upload takes the same upload once there is room, without a restart', async () => {
    const expected = await modelOfUndisturbedRun()
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const disk = await openDisk()
    const round = await openRound(disk, checkpoint)
    disk.fill(0)
    expect(await round.sendSecond()).toMatchObject({ status: 507 })
    disk.empty()
    expect(await round.sendSecond()).toMatchObject({ body: { result: 'accepted' } })
    await expectEnd(round, round)
    expect(readFileSync(checkpoint).equals(expected)).toBe(true)
  })

  it('while the mean is formed ends the job with a reason, and a restart ends with the same bits', async () => {
    const expected = await modelOfUndisturbedRun()
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const disk = await openDisk()
    const round = await openRound(disk, checkpoint)
    // The second result has room, and half of the mean.
    disk.fill(1.5 * MIB)
    expect(await round.sendSecond()).toMatchObject({ body: { result: 'accepted' } })
    const full = `the spool folder ${disk.folder} is full: ENOSPC`
    for (const client of [round.one, round.two])
      expect(JSON.parse((await client.task()).body)).toMatchObject({
        task: 'failed',
        message: expect.stringContaining(full),
      })
    const { code, stderr } = await round.ended
    expect(code).toBe(3)
    expect(stderr).toContain(full)
    expect(stderr).toContain('start the server again with --resume: results that were acknowledged are kept')
    disk.empty()
    await expectEnd(round, await startAgain(disk, round, checkpoint))
    expect(readFileSync(checkpoint).equals(expected)).toBe(true)
  })

  it('with the last byte of the mean keeps neither its rename nor the commit from being made', async () => {
    const expected = await modelOfUndisturbedRun()
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const disk = await openDisk()
    const round = await openRound(disk, checkpoint)
    // Two files of 1 MiB, and the pages of their heads.
    disk.fill(2 * MIB + 2 * HEAD_BYTES)
    expect(await round.sendSecond()).toMatchObject({ body: { result: 'accepted' } })
    await expectEnd(round, round)
    expect(readFileSync(checkpoint).equals(expected)).toBe(true)
  })

  it('that lets the new state be written, and not renamed over the old one, ends the job with a reason, and a restart ends with the same bits', async () => {
    const expected = await modelOfUndisturbedRun()
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const disk = await openDisk()
    const round = await openRound(disk, checkpoint)
    disk.hold('state.safetensors')
    expect(await round.sendSecond()).toMatchObject({ body: { result: 'accepted' } })
    const why = `the spool folder ${disk.folder} cannot be written: EBUSY`
    for (const client of [round.one, round.two])
      expect(JSON.parse((await client.task()).body)).toMatchObject({
        task: 'failed',
        message: expect.stringContaining(why),
      })
    const { code, stderr } = await round.ended
    expect(code).toBe(3)
    expect(stderr).toContain(why)
    expect(stderr).toContain('start it again with --resume: results that were acknowledged are kept')
    expect(existsSync(checkpoint)).toBe(false)
    disk.letGo('state.safetensors')
    await expectEnd(round, await startAgain(disk, round, checkpoint))
    expect(readFileSync(checkpoint).equals(expected)).toBe(true)
  })

  it('that lets neither a result nor the mean be renamed loses nothing: the upload may come again, and so may the server', async () => {
    const expected = await modelOfUndisturbedRun()
    const checkpoint = join(temporaryFolder(), 'model.safetensors')
    const disk = await openDisk()
    const round = await openRound(disk, checkpoint)
    disk.occupy('round-1-0-0-result-1.safetensors')
    expect(await round.sendSecond()).toMatchObject({
      status: 503,
      body: {
        error: 'busy',
        message: 'the disk of the server cannot be written (EBUSY); the same request may do later',
      },
    })
    // Not even half of what was refused is left.
    expect(disk.list().filter((name) => name.endsWith('.part'))).toEqual([])
    disk.occupy('round-1-0-0.safetensors')
    expect(await round.sendSecond()).toMatchObject({ body: { result: 'accepted' } })
    const why = `the spool folder ${disk.folder} cannot be written: EBUSY`
    for (const client of [round.one, round.two])
      expect(JSON.parse((await client.task()).body)).toMatchObject({
        task: 'failed',
        message: expect.stringContaining(why),
      })
    expect(await round.ended).toMatchObject({ code: 3, stderr: expect.stringContaining(why) })
    for (const name of ['round-1-0-0-result-1.safetensors', 'round-1-0-0.safetensors']) disk.vacate(name)
    await expectEnd(round, await startAgain(disk, round, checkpoint))
    expect(readFileSync(checkpoint).equals(expected)).toBe(true)
  })
})
