/**
 * What the pytest plugin sees of 200 spikes of 20 ms, and how often it alarms in 200 runs without growth. Prints Markdown:
 *
 *     npx jiti bench/companion/pytest-plugin.ts PYTHON > bench/results/pytest-plugin.md
 *
 * PYTHON is one with pytest, as that of scripts/frameworks.sh.
 */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { Goals } from '../support/goals.js'

const CASES = resolve(import.meta.dirname, '../../test/fixtures/companion')
const COMPANION = resolve(import.meta.dirname, '../../python')
const [python = 'python3'] = process.argv.slice(2)

/** Runs tests of the fixtures, of those that `chosen` names, and counts which pass. */
function run(file: string, chosen: string[]): { passed: number; failed: number; seconds: number } {
  const began = performance.now()
  const args = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-p', 'tidemark.pytest_plugin', ...chosen, file]
  const env = { ...process.env, PYTHONPATH: COMPANION, PYTHONDONTWRITEBYTECODE: '1', RUNS: '200' }
  const { stdout, stderr } = spawnSync(python, args, { cwd: CASES, encoding: 'utf8', env })
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(stdout)?.[1] ?? 0)
  if (count('passed') + count('failed') === 0) throw new Error(`pytest ran no test of ${file}\n${stdout}${stderr}`)
  return { passed: count('passed'), failed: count('failed'), seconds: (performance.now() - began) / 1000 }
}

const version = spawnSync(
  python,
  ['-c', 'import pytest, sys; print("Python", sys.version.split()[0], "pytest", pytest.__version__)'],
  { encoding: 'utf8' },
)
console.log(`# The pytest plugin of the companion

Made by \`npx jiti bench/companion/pytest-plugin.ts PYTHON\`, ${version.stdout.trim()}. A spike is 60 to 199 MiB for 20 ms, and right within 1 % of what
the process that held it read of itself. A run without growth is 20 rounds of a test under \`grows_less_than("256 KiB")\`: garbage, cycles, a full
cache, small objects, spikes of varying size.
`)
const goals = new Goals()
for (const [what, name] of [
  ['in the process', 'test_own'],
  ['in a child', 'test_in_a_child'],
] as const) {
  const { passed, failed, seconds } = run('spikes_of_20_ms.py', ['-k', name])
  goals.add(
    `spikes ${what} are seen within 1 %`,
    `${passed} of ${passed + failed} (${seconds.toFixed(1)} s)`,
    failed === 0,
  )
}
const { passed, failed, seconds } = run('without_growth.py', [])
goals.add('no run without growth alarms', `${failed} of ${passed + failed} (${seconds.toFixed(1)} s)`, failed === 0)
goals.print()
