import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const LEAK = fileURLToPath(new URL('../fixtures/leaks-a-round.py', import.meta.url))
const ROUNDS = ['--rounds-end', 'Round (\\d+) done']
const leak = (rounds: number, mib: number, seconds: number) => ['--', PYTHON, LEAK, `${rounds}`, `${mib}`, `${seconds}`]

test('a command is started once when its condition becomes true, with the facts', async () => {
  const folder = temporaryFolder()
  const out = join(folder, 'recording')
  const run = await runTidemark([
    'run',
    '--out',
    out,
    ...ROUNDS,
    '--when',
    'rss > 30MiB',
    '--do',
    `cat > ${folder}/facts\necho "$TIDEMARK_ALERT_PID $TIDEMARK_ALERT_RSS_BYTES $TIDEMARK_ALERT_CONDITION" >> ${folder}/fired`,
    '--when',
    'rss > 20GiB',
    '--do',
    `touch ${folder}/never`,
    ...leak(30, 2, 0.1),
  ])
  expect(run.code).toBe(0)
  const facts = JSON.parse(readFileSync(join(folder, 'facts'), 'utf8'))
  expect(facts).toMatchObject({ condition: 'rss > 30MiB', folder: out, role: null })
  expect(facts.rssBytes).toBeGreaterThan(30 * 2 ** 20)
  expect(readFileSync(join(folder, 'fired'), 'utf8')).toBe(`${facts.pid} ${facts.rssBytes} rss > 30MiB\n`)
  expect(existsSync(join(folder, 'never'))).toBe(false)
  expect(run.stderr).toMatch(/tidemark: alert: rss > 30MiB at round \d+/)
  // The shell of the command is no part of the measured program.
  expect(run.stderr).toContain('1 seen')
})

test('a command that fails is recorded, and the job continues', async () => {
  const out = join(temporaryFolder(), 'recording')
  const run = await runTidemark(['run', '--out', out, '--when', 'rss > 1MiB', '--do', 'exit 7', ...leak(10, 1, 0.15)])
  expect(run.code).toBe(0)
  expect(run.stdout).toContain('Round 10 done')
  const { warnings } = JSON.parse(readFileSync(join(out, 'recording.json'), 'utf8'))
  expect(warnings).toContain('The command of --when rss > 1MiB failed: it ended with exit code 7.')
})

test('--do stop ends the job as --rss-limit does', async () => {
  const out = join(temporaryFolder(), 'recording')
  const run = await runTidemark(['run', '--out', out, '--when', 'rss > 30MiB', '--do', 'stop', ...leak(1000, 2, 0.1)])
  expect(run.code).toBe(3)
  const { state, reason } = JSON.parse(readFileSync(join(out, 'recording.json'), 'utf8'))
  expect(state).toBe('failed')
  expect(reason).toMatch(/^The command was ended: rss > 30MiB.* \(--when rss > 30MiB --do stop\)\.$/)
})

test('--fail-when makes the exit code 1, and leaves the job alone', async () => {
  const out = join(temporaryFolder(), 'recording')
  const run = await runTidemark(['run', '--out', out, '--fail-when', 'rss > 20MiB', ...leak(15, 2, 0.1)])
  expect(run.code).toBe(1)
  expect(run.stdout).toContain('Round 15 done')
  expect(run.stderr).toContain('--fail-when: rss > 20MiB')
})

test.each([
  [['--when', 'grows'], 'run: found 1 --when and 0 --do, expected a --do for each --when'],
  [['--when', 'grwos', '--do', 'true'], '--when: found "grwos", expected a condition such as grows'],
  [['--fail-when', 'rss > lots'], '--fail-when: found "rss > lots"'],
])('%j is refused before anything is started', async (options, message) => {
  const run = await runTidemark(['run', ...options, '--', 'true'], { cwd: temporaryFolder() })
  expect(run.code).toBe(2)
  expect(run.stderr).toContain(message)
})

test('attach does not end a program that it has not started', async () => {
  const run = await runTidemark(['attach', '1', '--when', 'grows', '--do', 'stop'], { cwd: temporaryFolder() })
  expect(run.code).toBe(2)
  expect(run.stderr).toContain('--do stop would end a program that attach has not started')
})

test('a condition on a role that no process has is named, since it can never hold', async () => {
  const { code, stderr } = await runTidemark([
    ...['run', '--when', 'peak(sever) > 1GiB', '--do', 'echo hi', '--fail-when', 'grows(process)'],
    ...['--out', join(temporaryFolder(), 'recording'), '--', 'sleep', '0.3'],
  ])
  expect(code).toBe(0)
  expect(stderr).toMatch(
    /No process fits --when 'peak\(sever\) > 1GiB'\. These ran, .*:\n.*sleep 0\.3\n.*--role 'sever=sleep'/,
  )
  expect(stderr).not.toContain('--fail-when')
})
