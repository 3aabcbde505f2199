import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Comparison, TrialResult } from '../../src/results/comparison.js'
import { MIB } from '../../src/shared/units.js'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { runTidemark } from '../tidemark.js'

const server = (name: string) =>
  `${PYTHON} ${fileURLToPath(new URL(`../fixtures/servers/${name}.py`, import.meta.url))}`

test('a command is compared without a file: rounds from its log, the role by its command line, settings in its place', async () => {
  const out = join(temporaryFolder(), 'results')
  const { code, stdout, stderr } = await runTidemark([
    'compare',
    '--command',
    `${server('garbage_in_cycles')} --gc {gc} --rounds 6`,
    ...['-L', 'gc', '0,1', '--rounds', 'nvflare', '--role', 'server=garbage_in', '--expected-rounds', '6'],
    ...['--trials', '1', '--out', out],
  ])
  expect(code, stderr).toBe(0)
  expect(stdout).toContain('gc=1')
  const { trials, job, judge } = readComparison(out)
  expect(judge).toBe('server')
  expect(job).toMatchObject({ rounds: 'nvflare', role: 'server=garbage_in', expectedRounds: 6 })
  for (const trial of trials) {
    expect(trial).toMatchObject({ state: 'completed', reason: null })
    expect(trial.rounds.map(({ round, role, peakKind }) => ({ round, role, peakKind }))).toEqual(
      [1, 2, 3, 4, 5, 6].map((round) => ({ round, role: 'server', peakKind: 'exact' })),
    )
  }
  const [never, always] = ['gc=0', 'gc=1'].map((label) => endRssOf(trials.find(({ setting }) => setting === label)!))
  expect(never!.at(-1)! - never![0]!).toBeGreaterThan(30 * MIB) // 8 MiB of garbage a round
  expect(always!.at(-1)! - always![0]!).toBeLessThan(4 * MIB)
})

test('a config file is found by its name, and its variables reach the command', async () => {
  const folder = temporaryFolder()
  writeFileSync(
    join(folder, 'tidemark.config.mjs'),
    `import { command, defineComparison } from 'tidemark'
     export default defineComparison({
       name: 'variables',
       workload: command(['${PYTHON}', '-c', 'import os, sys; print("Round 1 of", os.environ.get("MODE"), os.environ.get("SIZE")); sys.stdin.read()'], {
         rounds: /Round (\\d+)/, env: { MODE: 'mode {mode}' },
       }),
       settings: { mode: ['a b'], SIZE: [undefined, 7] },
       trials: 1,
     })`,
  )
  const { stderr } = await runTidemark(['compare', '--out', 'results'], { cwd: folder })
  expect(stderr).toContain('variables: 2 settings, 2 trials; results in results\n')
  const logs = readdirSync(join(folder, 'results/trials'))
    .sort()
    .map((trial) => readFileSync(join(folder, 'results/trials', trial, 'command.log'), 'utf8'))
  expect(logs.sort()).toEqual(['Round 1 of mode a b 7\n', 'Round 1 of mode a b None\n'])
})

test('a command without rounds is judged by its whole run, and setup and teardown stand around it', async () => {
  const out = join(temporaryFolder(), 'results')
  const { code, stderr } = await runTidemark([
    'compare',
    ...['--command', `${PYTHON} -c "import time; x = bytearray({mib} * 2**20); time.sleep(0.3)"`, '-L', 'mib', '8,64'],
    ...[
      '--setup',
      'echo set up {mib}',
      '--teardown',
      'echo torn down',
      '--trials',
      '1',
      '--out',
      out,
      '--name',
      'sizes',
    ],
  ])
  expect(code, stderr).toBe(0)
  const { trials } = readComparison(out)
  const peaks = trials.sort((a, b) => a.setting.localeCompare(b.setting)).map(({ rounds }) => rounds[0]!.peakBytes!)
  expect(peaks.length).toBe(2)
  expect(Math.abs(peaks[0]! - peaks[1]!) / MIB).toBeGreaterThan(50)
  for (const trial of trials) {
    expect(readFileSync(join(out, trial.folder, 'setup.log'), 'utf8')).toMatch(/^set up (8|64)\n$/)
    expect(readFileSync(join(out, trial.folder, 'teardown.log'), 'utf8')).toBe('torn down\n')
  }
})

test('a bad command line is refused before anything starts', async () => {
  const folder = temporaryFolder()
  const cases: [string[], string][] = [
    [['--command', 'job {gc}', '-L', 'gv', '0,1'], 'settings.gv: the command has no {gc'.slice(0, 20)],
    [['--command', 'job', '--clients', '3'], "compare: --clients: an option of Tidemark's own jobs"],
    [['--command', 'job', '--load', 'wrk'], 'compare: --load needs --ready'],
    [['--command', 'job', '-L', 'gc'], '--parameter-list: found "gc", expected a name and values'],
    [['fedavg', '--setup', 'true'], 'compare: --setup belongs to --command'],
    [['--command', 'job', '--rounds', 'nvflrae'], 'Did you mean "nvflare"?'],
    [[], 'this folder has no tidemark.config.ts'],
  ]
  for (const [args, message] of cases) {
    const { code, stderr } = await runTidemark(['compare', ...args], { cwd: folder })
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  }
  expect(existsSync(join(folder, 'runs'))).toBe(false)
})

function readComparison(folder: string): Comparison {
  return JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')) as Comparison
}

function endRssOf(trial: TrialResult): number[] {
  return trial.rounds.filter(({ role }) => role === 'server').map(({ end }) => end.rssBytes)
}
