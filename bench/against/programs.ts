/**
 * How often `tidemark check --against` errs on real programs: a generated repository whose commits change nothing, the peak of
 * an allocation, or what is left behind after each round. Every pair is one `tidemark check` of the built program, as a user
 * runs it. Prints Markdown; exit code 1 when a goal is missed. A pair takes some 13 s on an idle machine:
 *
 *     npm run build && (npx jiti bench/against/programs.ts 30 unchanged; npx jiti bench/against/programs.ts 30 changed) \
 *       > bench/results/against-programs.md
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gitRepository } from '../../test/git-repository.js'

const PAIRS = Number(process.argv[2] ?? 100)
const [only] = process.argv.slice(3)
const TIDEMARK = resolve(import.meta.dirname, '../../dist/cli/main.js')
const HELD_MIB = 64
const BURST_MIB = 32

/**
 * Holds 64 MiB and allocates 32 more in each round. The sizes scatter by 1 % between trials, and by a factor of the pair
 * (`MACHINE`), as between two days or machines.
 */
const program = ({ burstMib = BURST_MIB, leakBytes = 0, note = '' } = {}) => `
import os, random, time  # ${note}
scale = float(os.environ['MACHINE']) * random.SystemRandom().gauss(1, 0.01)
held = bytearray(b'x') * int(${HELD_MIB} * scale * 2**20)
kept = []
for number in range(1, int(os.environ['ROUNDS']) + 1):
    burst = bytearray(b'y') * int(${burstMib} * scale * 2**20)
    del burst
    kept.append(bytearray(b'z') * ${leakBytes})
    print(f'Round {number} done', flush=True)
    time.sleep(0.02)
time.sleep(0.3)
`
/** Resident memory of CPython 3.11 without what the program holds, as measured. */
const INTERPRETER_MIB = 13
/** The level of which the leak is a share. */
const LEVEL_BYTES = (HELD_MIB + INTERPRETER_MIB) * 2 ** 20
const PEAK_BYTES = LEVEL_BYTES + BURST_MIB * 2 ** 20

const scenarios = [
  { what: 'no change, 1 % between runs', program: program({ note: 'same' }), runSpread: 0.01, rounds: 20, atMost: 2 },
  { what: 'no change, 2 % between runs', program: program({ note: 'same' }), runSpread: 0.02, rounds: 20, atMost: 2 },
  {
    what: 'peak 5 % higher',
    program: program({ burstMib: BURST_MIB + (0.05 * PEAK_BYTES) / 2 ** 20 }),
    runSpread: 0.01,
    rounds: 20,
    atLeast: 95,
  },
  {
    what: 'a leak of 0.1 % of the level a round, 40 rounds',
    program: program({ leakBytes: Math.round(0.001 * LEVEL_BYTES) }),
    runSpread: 0.01,
    rounds: 40,
    atLeast: 90,
  },
]

const TITLES: Record<string, string> = {
  unchanged: '# How often `tidemark check --against` errs on real programs that did not change',
  changed: '\n## How often `tidemark check --against` errs on changed programs',
}
console.log(`${TITLES[only ?? ''] ?? '# How often `tidemark check --against` errs on real programs'}

Made by \`npx jiti bench/against/programs.ts ${process.argv.slice(2).join(' ')}\`, Node ${process.version}, ${cpus().length} cores: ${PAIRS} pairs of commits of a Python program that
holds ${HELD_MIB} MiB and allocates ${BURST_MIB} MiB more in each round. Every pair is one \`tidemark check job.memory.json --against base --trials 5\`
with the default allowances. Sizes scatter by 1 % between trials.

| pairs | alarms in 100 | failed | goal | |
| --- | ---: | ---: | ---: | --- |`)

let missed = 0
const work = mkdtempSync(join(tmpdir(), 'tidemark-against-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const { what, program: changed, runSpread, rounds, atMost = 100, atLeast = 0 } of scenarios) {
  if (only !== undefined && (only === 'unchanged') !== atMost < 100) continue
  const outcomes = Array.from({ length: PAIRS }, (_, pair) => onePair(changed, { pair, runSpread, rounds }))
  const alarms = (100 * outcomes.filter((code) => code === 1).length) / PAIRS
  const failed = outcomes.filter((code) => code !== 0 && code !== 1).length
  const isMet = alarms <= atMost && alarms >= atLeast && failed === 0
  if (!isMet) missed++
  const goal = atMost < 100 ? `at most ${atMost}` : `at least ${atLeast}`
  console.log(`| ${what} | ${alarms.toFixed(1)} | ${failed} | ${goal} | ${isMet ? 'met' : 'MISSED'} |`)
}
process.exitCode = missed === 0 ? 0 : 1

/** Returns the exit code of one check: 1 for an alarm. */
function onePair(changed: string, { pair, runSpread, rounds }: { pair: number; runSpread: number; rounds: number }) {
  const folder = join(work, 'project')
  const repository = gitRepository(folder)
  const suite = {
    name: 'job',
    workload: { kind: 'command', command: 'python3 job.py', rounds: 'end:Round (\\d+) done' },
    trials: 5,
  }
  repository.commit('Start', { 'job.py': program(), 'job.memory.json': JSON.stringify(suite) })
  repository.git('branch', 'base')
  repository.commit('Change', { 'job.py': changed })
  const machine = { MACHINE: String(1 + runSpread * quantile((pair + 0.5) / PAIRS)), ROUNDS: String(rounds) }
  const outside = { XDG_CACHE_HOME: join(work, 'cache'), GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '' }
  const env = { ...process.env, ...machine, ...outside }
  const args = ['check', 'job.memory.json', '--against', 'base', '--trials', '5', '--out', join(work, 'results')]
  const { status, stderr } = spawnSync(process.execPath, [TIDEMARK, ...args], { cwd: folder, env, encoding: 'utf8' })
  if (status !== 0 && status !== 1) console.error(stderr)
  for (const made of ['project', 'results', 'cache']) rmSync(join(work, made), { recursive: true, force: true })
  return status
}

/** Quantile of the standard normal distribution (Acklam's would be exact; this one is within 0.0005: Hastings 1955). */
function quantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)))
  const value =
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
  return p < 0.5 ? -value : value
}
