import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { pollUntil } from '../../src/launch/poll.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark, startTidemark } from '../tidemark.js'

const LEAK = fileURLToPath(new URL('../fixtures/leaks-a-round.py', import.meta.url))
const ROUNDS = ['--rounds-end', 'Round (\\d+) done']
const soak = (out: string, options: string[], mib: number, rounds = 100_000) =>
  runTidemark(['soak', '--json', '--out', out, ...options, '--', PYTHON, LEAK, `${rounds}`, `${mib}`, '0.1'])
const resultOf = (stdout: string) => JSON.parse(stdout.split('\n').findLast((line) => line.startsWith('{'))!)

test('a program that grows is ended as soon as that is known, with exit code 1', async () => {
  const out = join(temporaryFolder(), 'grows')
  const run = await soak(out, ROUNDS, 1)
  expect(run.code).toBe(1)
  const { decision, state, reason, rounds, verdicts } = resultOf(run.stdout)
  expect(decision.is).toBe('grows')
  expect(decision.why).toMatch(/^grows, established at round \d+: by \d+\.\d (KiB|MiB) a round/)
  expect(state).toBe('stopped')
  expect(reason).toBe(`The command was ended: ${decision.why}.`)
  expect(rounds.length).toBeGreaterThan(12)
  expect(verdicts.live[0].verdict.state).toBe('grows')
})

test('a program that is level is ended with exit code 0', async () => {
  const run = await soak(join(temporaryFolder(), 'level'), ROUNDS, 0)
  expect(run.code).toBe(0)
  expect(resultOf(run.stdout).decision).toMatchObject({ is: 'level', why: expect.stringContaining('is ruled out') })
})

test('without rounds windows of --every stand for them', async () => {
  const run = await soak(join(temporaryFolder(), 'windows'), ['--every', '500ms', '--max-time', '9s'], 0)
  expect(run.code).toBe(4)
  const { decision, verdicts } = resultOf(run.stdout)
  expect(decision).toEqual({ is: 'undecided', why: 'undecided after 9.0 s (--max-time)' })
  expect(verdicts.live[0].verdict.sentence).toMatch(/^undecided after \d+ windows$/)
})

test('what is not decided within --max-rounds is exit code 4, and a load runs beside it that does not count', async () => {
  const out = join(temporaryFolder(), 'load')
  const run = await soak(out, [...ROUNDS, '--max-rounds', '12', '--load', 'echo works; sleep 1.1'], 0)
  expect(run.code).toBe(4)
  const { decision, processes } = resultOf(run.stdout)
  expect(decision.why).toBe('undecided after 12 rounds (--max-rounds)')
  expect(processes).toHaveLength(1)
  expect(readFileSync(join(out, 'load.log'), 'utf8')).toContain('works')
})

test('a program that fails, and a load that does, are exit code 3', async () => {
  const folder = temporaryFolder()
  const failed = await runTidemark(['soak', '--out', join(folder, 'a'), '--', PYTHON, '-c', 'raise SystemExit(5)'])
  expect(failed.code).toBe(3)
  expect(failed.stderr).toContain('no decision: The command exited with code 5.')
  const load = await runTidemark(['soak', '--out', join(folder, 'b'), '--load', 'exit 9', '--', 'sleep', '60'])
  expect(load.code).toBe(3)
  expect(load.stderr).toContain('no decision: the load ended with exit code 9')
})

test('Ctrl-C before it is known is exit code 130, and nothing failed', async () => {
  const cwd = temporaryFolder()
  const { child, finished } = startTidemark(['soak', '--out', 'it', '--', 'sh', '-c', 'touch begun; exec sleep 60'], {
    cwd,
  })
  expect(await pollUntil(() => existsSync(join(cwd, 'begun')), 20_000)).toBe(true)
  process.kill(-child.pid!, 'SIGINT')
  const { code, stderr } = await finished
  expect(code, stderr).toBe(130)
  expect(stderr).toContain('undecided when it was stopped by SIGINT')
  expect(stderr).not.toContain('no decision')
})

test('a job of our own is soaked by its name, and its server is judged', async () => {
  const out = join(temporaryFolder(), 'job')
  const run = await runTidemark([
    'soak',
    '--json',
    '--out',
    out,
    '--max-rounds',
    '15',
    '--model-size',
    '100KB',
    'fedavg',
  ])
  expect([0, 1, 4]).toContain(run.code)
  const { rounds, verdicts } = resultOf(run.stdout)
  expect(new Set(rounds.map(({ role }: { role: string }) => role))).toEqual(new Set(['server', 'client']))
  expect(verdicts.whole.role).toBe('server')
})

test('soak without a program says how it is called', async () => {
  const run = await runTidemark(['soak'], { cwd: temporaryFolder() })
  expect(run.code).toBe(2)
  expect(run.stderr).toContain('soak: neither a job nor a command was given')
})
