/** Whose spool folder is whose: servers in other containers, servers that are gone, and pids that were given away. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { holderOf } from '../../src/linux/files/folder-lock.js'
import { needs } from '../optional-parts.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const WAITING = ['server', '--model', 'softmax', '--clients', '1', '--rounds', '1', '--port', '0']
const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** A server that waits for a client, in a PID namespace of its own where that is asked for. */
async function startWaiting({ env = {}, flags = [] as string[], inside = [] as string[] }) {
  const marks = join(temporaryFolder(), 'marks.ndjson')
  writeFileSync(marks, '')
  const [program, ...args] = [...inside, process.execPath, PROGRAM, ...WAITING, ...flags]
  const child = spawn(program!, args, {
    stdio: 'ignore',
    env: { ...process.env, TIDEMARK_TOKEN: 'a-token', TIDEMARK_MARKS: marks, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await expect.poll(() => readFileSync(marks, 'utf8'), { timeout: 30_000 }).toContain('"ready"')
  return child
}

it(
  'a server leaves the spool of one in another container alone, and removes it once that is gone',
  needs('root', 'mounts'),
  async () => {
    const shared = temporaryFolder()
    const env = { TIDEMARK_TOKEN: 'a-token', TMPDIR: shared }
    const inside = await startWaiting({ env, inside: CONTAINER })
    const folders = readdirSync(shared)
    expect(folders).toEqual([expect.stringMatching(/^tidemark-spool-/)])
    await runTidemark([...WAITING, '--join-deadline', '1ms'], { env })
    expect(readdirSync(shared)).toEqual(folders)
    expect(readdirSync(join(shared, folders[0]!))).toContain('job.json')
    inside.kill('SIGKILL')
    await expect.poll(() => holderOf(join(shared, folders[0]!), 'owner').kind).toBe('none')
    await runTidemark([...WAITING, '--join-deadline', '1ms'], { env })
    expect(readdirSync(shared)).toEqual([])
  },
)

it('a server in another container keeps its --spool-dir, and is named', needs('root', 'mounts'), async () => {
  const spool = join(temporaryFolder(), 'spool')
  const flags = ['--spool-dir', spool]
  await startWaiting({ flags, inside: CONTAINER })
  const { code, stderr } = await runTidemark([...WAITING, ...flags], { env: { TIDEMARK_TOKEN: 'a-token' } })
  expect(stderr).toMatch(/the spool folder .* is in use by the server with pid \d+ in another container \(/)
  expect(code).toBe(2)
})

it('a server whose pid was given away after it was killed does not stand in the way of --resume', async () => {
  const spool = join(temporaryFolder(), 'spool')
  const flags = ['--spool-dir', spool]
  const killed = await startWaiting({ flags })
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const owner = JSON.parse(readFileSync(join(spool, 'owner'), 'utf8'))
  expect(owner.pid).toBe(killed.pid)
  // This process runs, and is another one than the server.
  writeFileSync(join(spool, 'owner'), JSON.stringify({ ...owner, pid: process.pid }))
  const again = await runTidemark([...WAITING, ...flags, '--resume', '--join-deadline', '1ms'], {
    env: { TIDEMARK_TOKEN: 'a-token' },
  })
  expect(again.stderr).toContain('deadline')
  expect(again.code).toBe(3)
})
