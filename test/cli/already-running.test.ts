import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

let superlink: ChildProcess
const fix = () =>
  `End it first (kill ${superlink.pid}), start one of its own in the command, or record that one: tidemark attach ${superlink.pid}`

beforeAll(async () => {
  superlink = spawn('bash', ['-c', 'echo up; exec -a flower-superlink cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(superlink.stdout!, 'data')
})

afterAll(async () => {
  superlink.kill('SIGKILL')
  await once(superlink, 'exit')
})

test('run says that a SuperLink runs already, which takes the job along, with the fix', async () => {
  const out = join(temporaryFolder(), 'recording')
  const { stderr } = await runTidemark(['run', '--rounds', 'flower', '--out', out, '--', 'echo', 'flwr run'])
  expect(stderr).toMatch(
    new RegExp(
      `role superlink runs already and is no part of the command, nor is what it starts: pid ${superlink.pid}, flower-superlink`,
    ),
  )
  expect(stderr).toContain(fix())
})

test('a shell that started Tidemark, with the same words in its command line, is none of them', async () => {
  const line = `"$0" "${PROGRAM}" run --rounds nvflare --role server=runner_process --out "$1" -- sleep 0.2; true`
  const { stderr } = spawnSync('bash', ['-c', line, process.execPath, join(temporaryFolder(), 'recording')], {
    encoding: 'utf8',
  })
  expect(stderr).toContain('sleep')
  expect(stderr).not.toContain('runs already')
})

test('compare stops with it after the first trials', async () => {
  const out = join(temporaryFolder(), 'compared')
  const { code, stderr } = await runTidemark([
    'compare',
    '--command',
    'echo {n}',
    '-L',
    'n',
    '1,2',
    '--rounds',
    'flower',
    '--trials',
    '1',
    '--out',
    out,
  ])
  expect(code).toBe(3)
  expect(stderr).toContain('runs already and is no part of the command')
  expect(stderr).toContain(fix())
})
