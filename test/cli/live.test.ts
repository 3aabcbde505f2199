import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { PYTHON } from '../python.js'
import { temporaryFolder } from '../temporary-folder.js'
import { PROGRAM, runTidemark } from '../tidemark.js'

const LEAK = fixture('leaks-a-round.py')
const ROUNDS = ['--rounds-end', 'Round (\\d+) done']

test('without a terminal a line tells that a verdict was reached, and the end has both verdicts', async () => {
  const out = join(temporaryFolder(), 'leak')
  const run = await runTidemark(['run', '--out', out, ...ROUNDS, '--', PYTHON, LEAK, '60', '1', '0.1'])
  expect(run.code).toBe(0)
  expect(run.stdout).toContain('Round 60 done')
  expect(run.stderr).toMatch(/^tidemark: grows, established at round \d+: by \d+\.\d KiB a round|MiB a round/m)
  expect(run.stderr).toMatch(/while it ran: grows, established at round \d+: by /)
  expect(run.stderr).toMatch(/on the whole: grows\. /)
  expect(run.stderr).not.toContain('\u001b[')
})

test('a program that stays level is not called anything else', async () => {
  const out = join(temporaryFolder(), 'level')
  const run = await runTidemark(['run', '--json', '--out', out, ...ROUNDS, '--', PYTHON, LEAK, '60', '0', '0.1'])
  const result = JSON.parse(run.stderr.split('\n').findLast((line) => line.startsWith('{'))!)
  expect(result.verdicts.live[0].verdict.state).not.toMatch(/grows/)
  expect(result.verdicts.whole.shape).not.toBe('grows')
})

test('in a terminal a block is repainted below the output of the command, and the terminal is given back', () => {
  const out = join(temporaryFolder(), 'shown')
  // A limit of its own: how much of the machine's memory other tests take changes the forecast.
  const text = inTerminal(['run', '--rss-limit', '2GiB', '--out', out, ...ROUNDS, '--', PYTHON, LEAK, '80', '1', '0.1'])
  expect(text).toContain('\u001b[1;22r') // 40 rows less 18 of the block
  expect(text).toMatch(/── tidemark \d\.\d s, \d+ rounds, \d+\.\d MiB now, \d+\.\d MiB at most/)
  expect(text).toContain('RSS (MiB)')
  expect(text).toMatch(/process: \d+\.\d MiB; [▁▂▃▄▅▆▇█]+ peak of round \d+: \d+\.\d MiB \(exact\)/)
  expect(text).toMatch(/now \d+\.\d (KiB|MiB) a round \(95 % interval /)
  expect(text).toMatch(/the limit of 2\.00 GiB in \d+ rounds \(90 %: \d+ to (\d+|perhaps never)\)/)
  expect(text.lastIndexOf('\u001b[r')).toBeGreaterThan(text.lastIndexOf('\u001b[1;22r'))
})

test('--quiet leaves the terminal alone', () => {
  const out = join(temporaryFolder(), 'quiet')
  const text = inTerminal(['run', '--quiet', '--out', out, ...ROUNDS, '--', PYTHON, LEAK, '5', '1', '0.02'])
  expect(text).not.toContain('\u001b[1;')
  expect(JSON.parse(readFileSync(join(out, 'recording.json'), 'utf8')).state).toBe('completed')
})

function inTerminal(args: readonly string[]): string {
  const { status, stdout } = spawnSync(
    PYTHON,
    [fixture('in-a-terminal.py'), '120', '40', process.execPath, PROGRAM, ...args],
    { encoding: 'utf8', env: { ...process.env, TERM: 'xterm-256color' } },
  )
  expect(status).toBe(0)
  return stdout
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}
