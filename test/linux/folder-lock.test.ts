import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { holderOf, lockFolder } from '../../src/linux/files/folder-lock.js'
import { ownIdentity } from '../../src/linux/process/process-identity.js'
import { copyOutsideNodeModules } from '../memory/run-fixture.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'

const COMPILED = new URL('../../dist/linux/files/folder-lock.js', import.meta.url)
const HOLD = fileURLToPath(new URL('../fixtures/hold-folder.mjs', import.meta.url))
const OTHER_CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** A process that has tried to take the folder, and holds it if it could. */
async function start(folder: string, { module = COMPILED, inside = [] as string[] } = {}) {
  const [program, ...args] = [...inside, process.execPath, HOLD, module.href, folder]
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, attempt: JSON.parse(line) as { kind: string; by?: string; isCertain?: boolean } }
}

async function end(child: ChildProcess, how: 'killed' | 'released'): Promise<void> {
  if (how === 'killed') child.kill('SIGKILL')
  else child.stdin?.end()
  await once(child, 'exit')
}

const writeOwner = (folder: string, changes: object) =>
  writeFileSync(join(folder, 'owner'), JSON.stringify({ ...ownIdentity(), isLocked: false, ...changes }))

it('a folder has one holder, who is named to the next, and is free once that has released it', async () => {
  const folder = temporaryFolder()
  const { child, attempt } = await start(folder)
  expect(attempt).toEqual({ kind: 'taken' })
  expect(lockFolder(folder, 'owner')).toEqual({ kind: 'held', by: `pid ${child.pid}`, isCertain: true })
  expect(holderOf(folder, 'owner')).toMatchObject({ kind: 'running', by: `pid ${child.pid}` })
  await end(child, 'released')
  expect(existsSync(join(folder, 'owner'))).toBe(false)
  expect(holderOf(folder, 'owner')).toEqual({ kind: 'none', left: undefined })
  expect((await start(folder)).attempt).toEqual({ kind: 'taken' })
})

it('a holder that was killed holds nothing, and is known to be gone', async () => {
  const folder = temporaryFolder()
  const { child } = await start(folder)
  await end(child, 'killed')
  expect(holderOf(folder, 'owner')).toMatchObject({ kind: 'none', left: { pid: child.pid } })
  expect((await start(folder)).attempt).toEqual({ kind: 'taken' })
})

it('to look who holds a folder takes it from no one', async () => {
  const folder = temporaryFolder()
  let looks = 0
  const looking = setImmediate(function look() {
    holderOf(folder, 'owner')
    looks++
    if (looks < 20_000) setImmediate(look)
  })
  for (let tries = 0; tries < 5; tries++) {
    const { child, attempt } = await start(folder)
    expect(attempt).toEqual({ kind: 'taken' })
    await end(child, 'released')
  }
  clearImmediate(looking)
  expect(looks).toBeGreaterThan(100)
})

it('a pid that was given away keeps no one out', () => {
  const folder = temporaryFolder()
  // This pid runs, and started at another moment than the holder.
  writeOwner(folder, { startTicks: 1 })
  expect(holderOf(folder, 'owner')).toMatchObject({ kind: 'none' })
  const attempt = lockFolder(folder, 'owner')
  expect(attempt.kind).toBe('taken')
  expect(JSON.parse(readFileSync(join(folder, 'owner'), 'utf8'))).toMatchObject({ ...ownIdentity(), isLocked: true })
})

it('a file without a lock counts where its process runs, or cannot be seen from here', () => {
  const folder = temporaryFolder()
  writeOwner(folder, {})
  expect(lockFolder(folder, 'owner')).toEqual({ kind: 'held', by: `pid ${process.pid}`, isCertain: true })
  writeOwner(folder, { bootId: 'another', machineId: 'another', host: 'node-3', pid: 12 })
  expect(lockFolder(folder, 'owner')).toEqual({ kind: 'held', by: 'pid 12 on node-3', isCertain: false })
  expect(holderOf(folder, 'owner')).toMatchObject({ kind: 'unknown', by: 'pid 12 on node-3' })
  // The same machine, booted again since.
  if (ownIdentity().machineId !== '') {
    writeOwner(folder, { bootId: 'another' })
    expect(holderOf(folder, 'owner')).toMatchObject({ kind: 'none' })
  }
})

it('without koffi the holder is known by its file', async () => {
  const folder = temporaryFolder()
  const module = copyOutsideNodeModules(COMPILED)
  const first = await start(folder, { module })
  expect(first.attempt).toEqual({ kind: 'taken' })
  const held = { kind: 'held', by: `pid ${first.child.pid}`, isCertain: true }
  expect((await start(folder, { module })).attempt).toEqual(held)
  // Also to one that could lock the file.
  expect(lockFolder(folder, 'owner')).toEqual(held)
  await end(first.child, 'killed')
  expect((await start(folder, { module })).attempt).toEqual({ kind: 'taken' })
})

it(
  'a holder in another container keeps others out, though its pid cannot be seen',
  needs('root', 'mounts'),
  async () => {
    const folder = temporaryFolder()
    const inside = await start(folder, { inside: OTHER_CONTAINER })
    expect(inside.attempt).toEqual({ kind: 'taken' })
    const { pid, pidNamespace } = JSON.parse(readFileSync(join(folder, 'owner'), 'utf8'))
    expect(pidNamespace).not.toBe(ownIdentity().pidNamespace)
    const by = `pid ${pid} in another container (${ownIdentity().host})`
    expect(lockFolder(folder, 'owner')).toEqual({ kind: 'held', by, isCertain: true })
    await end(inside.child, 'released')
    // And the other way round.
    const outside = await start(folder)
    expect((await start(folder, { inside: OTHER_CONTAINER })).attempt).toMatchObject({ kind: 'held', isCertain: true })
    await end(outside.child, 'killed')
    expect((await start(folder, { inside: OTHER_CONTAINER })).attempt).toEqual({ kind: 'taken' })
  },
)
