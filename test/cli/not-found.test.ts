import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { suggestRounds } from '../../src/recording/rounds/suggest-rounds.js'
import type { Comparison } from '../../src/results/comparison.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const job = (name: string) => `${PYTHON} ${fileURLToPath(new URL(`../fixtures/servers/${name}.py`, import.meta.url))}`

/** At once, in place of after half a minute. */
const SOON = { TIDEMARK_UNMATCHED_AFTER_MS: '200' }

async function run(args: string[], env: Record<string, string> = SOON) {
  return runTidemark(['run', '--out', join(temporaryFolder(), 'recording'), ...args], { env })
}

test('a pattern that fits no line is reported while the program runs and at its end, with its last lines and what would fit', async () => {
  const { code, stderr } = await run(['--rounds', 'Rnd (\\d+)', '--', ...`${job('gen_logs')} flwr18 4 0.3`.split(' ')])
  expect(code).toBe(0) // the command's own
  expect(stderr).toContain("tidemark: so far, no line of the output fits --rounds 'Rnd (\\d+)'.")
  expect(stderr).toContain("warning: No line of the output fits --rounds 'Rnd (\\d+)'.")
  expect(stderr).toMatch(/The last of its \d+ lines:\n.*\n.*\[SUMMARY\]\n.*Run finished 4 round\(s\) in 2.31s\n/)
  expect(stderr).toContain("Some of them fit --rounds 'flower'.")
})

test('a role that no process has is reported, with the whole command lines of those that ran and a pattern that fits', async () => {
  const { code, stderr } = await run([
    '--role',
    'server=runner_process',
    '--',
    ...`${job('gen_logs')} noted 3 0.3`.split(' '),
  ])
  expect(code).toBe(0)
  expect(stderr).toContain("tidemark: so far, no process fits --role 'server=runner_process'.")
  expect(stderr).toMatch(
    /warning: No process fits --role 'server=runner_process'\. .*\n +[\d.]+ MiB {2}.*gen_logs\.py noted 3 0\.3\n/,
  )
  expect(stderr).toContain("The largest one fits --role 'server=gen_logs\\.py'.")
})

test('a log that never appears is reported', async () => {
  const missing = join(temporaryFolder(), 'server.log')
  const { code, stderr } = await run(['--rounds', 'nvflare', '--log', missing, '--', 'sleep', '1'])
  expect(code).toBe(0)
  expect(stderr).toContain(`tidemark: so far, the log ${missing} is not there`)
  expect(stderr).toContain(`warning: The log ${missing} is not there`)
})

test('what is found is not talked of', async () => {
  const args = [
    '--rounds',
    'flower',
    '--role',
    'server=gen_logs',
    '--',
    ...`${job('gen_logs')} flwr18 4 0.2`.split(' '),
  ]
  const { stderr } = await run(args, { TIDEMARK_UNMATCHED_AFTER_MS: '1000' })
  expect(stderr).not.toMatch(/so far|fits/)
})

test.each([
  ['round-number=1', 'round-number=2', 'round-number=(\\d+)'],
  ['[global round 3] x', '[global round 4] x', 'global round (\\d+)'],
  ['a', 'b', undefined],
])('for a log with "%s" the pattern %s is suggested', (one, other, suggested) => {
  expect(suggestRounds([one, other])).toBe(suggested)
})

test('a comparison whose first trials find no process of the role stops there, shows the processes, and says what would fit', async () => {
  const out = join(temporaryFolder(), 'results')
  const args = ['--rounds', 'flower', '--role', 'server=runner_process', '-L', 'dt', '0.1,0.15,0.2', '--trials', '3']
  const { code, stderr } = await runTidemark(
    ['compare', '--command', `${job('gen_logs')} flwr18 3 {dt}`, ...args, '--judge', 'server', '--out', out],
    { env: SOON },
  )
  expect(code, stderr).toBe(3)
  const comparison = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
  expect(comparison).toMatchObject({ state: 'stopped' })
  expect(comparison.trials.map(({ state }) => state)).toEqual(expect.arrayContaining(['failed', 'failed']))
  expect(new Set(comparison.trials.map(({ setting }) => setting)).size).toBe(2)
  expect(stderr).toMatch(
    /The comparison stopped here, since every other trial would fail like these\.\nNo process fits --role 'server=runner_process'\./,
  )
  expect(stderr).toMatch(/ MiB {2}\S*python\S* \S*gen_logs\.py flwr18 3 0\.\d+\n/)
  expect(stderr).toContain("The largest one fits --role 'server=gen_logs\\.py'.")
})

test('a comparison whose only setting prints no line of a round stops after its first trial; what it prints is shown', async () => {
  const out = join(temporaryFolder(), 'results')
  const { code, stderr } = await runTidemark(
    [
      'compare',
      '--command',
      `${job('gen_logs')} fedml 4 0.1`,
      '--rounds',
      'nvflare',
      '--role',
      'server=gen_logs',
      '--trials',
      '4',
      '--out',
      out,
    ],
    { env: SOON },
  )
  expect(code, stderr).toBe(3)
  expect((JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison).trials).toHaveLength(1)
  expect(stderr).toContain("No line of the output fits --rounds 'nvflare'.")
  expect(stderr).toContain('INFO:root:################Communication round : 3')
  expect(stderr).toContain("Some of them fit --rounds 'fedml'.")
})

test('compare --log finds the rounds in a file, of each trial its own', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'server-0.3.log'), 'Round 7 started\n') // of an earlier run
  const command = `sh -c '${job('gen_logs')} flwr18 4 {dt} > server-{dt}.log'`
  const { code, stderr } = await runTidemark(
    ['compare', '--command', command, ...['-L', 'dt', '0.3,0.4', '--trials', '2', '--out', 'results']].concat([
      ...[
        '--log',
        'server-{dt}.log',
        '--rounds',
        'ROUND (\\d+)',
        '--role',
        'server=^\\S*python',
        '--expected-rounds',
        '4',
      ],
    ]),
    { cwd: folder },
  )
  expect(code, stderr).toBe(0)
  const { trials } = JSON.parse(readFileSync(join(folder, 'results/comparison.json'), 'utf8')) as Comparison
  for (const { rounds } of trials)
    expect(rounds.flatMap(({ role, round }) => (role === 'server' ? [round] : []))).toEqual([1, 2, 3, 4])
})
