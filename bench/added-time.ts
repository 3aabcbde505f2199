/**
 * What a comparison adds to the run time of what it compares: a stand-in server under 4 settings, 5 trials of 20 rounds each,
 * against the same commands run bare in the same order: every second one before the comparison and the others after it, so that a
 * machine that slows down evenly favours neither. Each trial is paired with the bare run at its place. Prints Markdown:
 *
 *     npm run build && npx jiti bench/added-time.ts > bench/results/added-time.md
 *
 * `--work SECONDS` is how long a round works. With 1 s, when left out, it takes about 18 minutes; with `--work 0.25` 5 to 6, in which
 * what a trial costs at its start and end weighs three times as much: rounds that short make the goal harder, not easier. `--short` (2 settings x
 * 1 trial x 3 rounds) shows that it runs and judges nothing. The goal (an issue of the project sets it): at most 3 % by the
 * estimate, of all of the time that a comparison takes. Beside it stands that of its trials alone, without the start, the report and
 * what lies between two trials.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { scheduleTrials } from '../src/comparison/plan/schedule.js'
import type { Comparison } from '../src/results/comparison.js'
import { studentTQuantile } from '../src/statistics/distributions/student-t.js'
import { sampleVariance } from '../src/statistics/sample-variance.js'
import { Goals } from './support/goals.js'
import { machine, PROGRAM, PYTHON, scratchFolder } from './support/processes.js'

const LIMIT = 0.03
const SEED = 1
const SERVER = fileURLToPath(new URL('../test/fixtures/servers/garbage_in_cycles.py', import.meta.url))

const { values } = parseArgs({ options: { short: { type: 'boolean' }, work: { type: 'string', default: '1' } } })
const shape = values.short ? { gc: [0, 1], trials: 1, rounds: 3 } : { gc: [0, 1, 5, 10], trials: 5, rounds: 20 }
const COMMAND = `${PYTHON} ${SERVER} --gc {gc} --rounds ${shape.rounds} --work ${values.work}`
const order = scheduleTrials(shape.gc.map(String), shape.trials, SEED).map(({ setting }) => setting)

const bare: number[] = []
bareHalf(0)
const { wholeS, trials } = compared()
bareHalf(1)

const bareS = bare.reduce((sum, s) => sum + s, 0)
const trialsS = trials.reduce((sum, s) => sum + s, 0)
const half = halfWidth(trials.map((s, place) => s - bare[place]!)) * trials.length

console.log(`${machine()}\n`)
console.log(
  `${shape.gc.length} settings x ${shape.trials} trials x ${shape.rounds} rounds of ${values.work} s, garbage_in_cycles.py.\n`,
)
console.log('| | s | added | 95 % interval, over pairs |\n| --- | --- | --- | --- |')
console.log(`| bare | ${bareS.toFixed(1)} | | |`)
console.log(`| the trials of the comparison | ${trialsS.toFixed(1)} | ${share(trialsS)} | ${interval(trialsS)} |`)
console.log(`| the whole comparison | ${wholeS.toFixed(1)} | ${share(wholeS)} | ${interval(wholeS)} |`)
const goals = new Goals()
goals.add(
  'a full comparison adds at most 3 % to the run time',
  `${share(wholeS)} (${interval(wholeS)})`,
  values.short ? null : wholeS / bareS - 1 <= LIMIT,
)
goals.print()

/** Every second place of the order, without us; the two halves have all of them. */
function bareHalf(half: 0 | 1): void {
  for (const [place, gc] of order.entries()) {
    if (place % 2 !== half) continue
    const [program, ...args] = COMMAND.replace('{gc}', gc).split(' ')
    const startedMs = performance.now()
    const run = spawnSync(program!, args, { stdio: 'ignore' })
    if (run.status !== 0) throw new Error(`${COMMAND} ended with ${run.status}`)
    bare[place] = (performance.now() - startedMs) / 1000
  }
}

function compared(): { wholeS: number; trials: number[] } {
  const out = join(scratchFolder(), 'comparison')
  const startedMs = performance.now()
  const run = spawnSync(
    process.execPath,
    [
      ...[PROGRAM, 'compare', '--command', COMMAND, '-L', 'gc', shape.gc.join(','), '--rounds', 'nvflare'],
      ...['--role', 'server=garbage_in_cycles', '--trials', String(shape.trials), '--seed', String(SEED), '--out', out],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const wholeS = (performance.now() - startedMs) / 1000
  const { trials } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
  const failed = trials.filter(({ state }) => state !== 'completed')
  if (run.status !== 0 || failed.length > 0)
    throw new Error(`the comparison ended with ${run.status}; ${failed.map(({ reason }) => reason).join('; ')}`)
  if (trials.some(({ setting }, place) => setting !== `gc=${order[place]}`))
    throw new Error('the comparison ran its trials in another order than the bare commands')
  return { wholeS, trials: trials.map(({ startedMs, endedMs }) => (endedMs - startedMs) / 1000) }
}

/** Of the mean of the differences, by Student's t. */
function halfWidth(differences: readonly number[]): number {
  const standardError = Math.sqrt(sampleVariance(differences) / differences.length)
  return studentTQuantile(0.975, differences.length - 1) * standardError
}

function share(s: number): string {
  return `${((s / bareS - 1) * 100).toFixed(1)} %`
}

function interval(s: number): string {
  return `${share(s - half)} to ${share(s + half)}`
}
