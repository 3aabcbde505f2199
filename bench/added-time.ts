/**
 * What a comparison adds to the run time of what it compares: a stand-in server under 4 settings, 5 trials of 20 rounds each,
 * against the same commands run bare: half of them before the comparison and half after it, so that a machine that slows down
 * evenly favours neither. Prints Markdown:
 *
 *     npm run build && npx jiti bench/added-time.ts > bench/results/added-time.md
 *
 * About 18 minutes; `--short` (2 settings x 1 trial x 3 rounds) shows that it runs and judges nothing. The goal (an issue of
 * the project sets it): at most 3 %. Beside all of the time that a comparison takes stands that of its trials alone, without the
 * start, the report and what lies between two trials. `--work SECONDS` is how long a round works, 1 s when left out: real ones take
 * several.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Comparison } from '../src/experiment/comparison.js'
import { Goals } from './support/goals.js'
import { machine, PROGRAM, PYTHON, scratchFolder } from './support/processes.js'

const LIMIT = 0.03
const SERVER = fileURLToPath(new URL('../test/fixtures/servers/garbage_in_cycles.py', import.meta.url))

const { values } = parseArgs({ options: { short: { type: 'boolean' }, work: { type: 'string', default: '1' } } })
const shape = values.short ? { gc: [0, 1], trials: 1, rounds: 3 } : { gc: [0, 1, 5, 10], trials: 5, rounds: 20 }
const COMMAND = `${PYTHON} ${SERVER} --gc {gc} --rounds ${shape.rounds} --work ${values.work}`

const bareBeforeS = bareHalf(0)
const { wholeS, trialsS } = compared()
const bareS = bareBeforeS + bareHalf(1)

console.log(`${machine()}\n`)
console.log(
  `${shape.gc.length} settings x ${shape.trials} trials x ${shape.rounds} rounds of ${values.work} s, garbage_in_cycles.py.\n`,
)
console.log('| | s | added |\n| --- | --- | --- |')
console.log(`| bare | ${bareS.toFixed(1)} | |`)
console.log(`| the trials of the comparison | ${trialsS.toFixed(1)} | ${share(trialsS)} |`)
console.log(`| the whole comparison | ${wholeS.toFixed(1)} | ${share(wholeS)} |`)
const goals = new Goals()
goals.add(
  'a full comparison adds at most 3 % to the run time',
  share(wholeS),
  values.short ? null : wholeS / bareS - 1 <= LIMIT,
)
goals.print()

/** Every second trial of each setting, without us; the two halves have all of them. */
function bareHalf(half: 0 | 1): number {
  const startedMs = performance.now()
  for (let trial = 0; trial < shape.trials; trial++)
    for (const [place, gc] of shape.gc.entries()) {
      if ((trial + place) % 2 !== half) continue
      const [program, ...args] = COMMAND.replace('{gc}', String(gc)).split(' ')
      const run = spawnSync(program!, args, { stdio: 'ignore' })
      if (run.status !== 0) throw new Error(`${COMMAND} ended with ${run.status}`)
    }
  return (performance.now() - startedMs) / 1000
}

function compared(): { wholeS: number; trialsS: number } {
  const out = join(scratchFolder(), 'comparison')
  const startedMs = performance.now()
  const run = spawnSync(
    process.execPath,
    [
      ...[PROGRAM, 'compare', '--command', COMMAND, '-L', 'gc', shape.gc.join(','), '--rounds', 'nvflare'],
      ...['--role', 'server=garbage_in_cycles', '--trials', String(shape.trials), '--out', out],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const wholeS = (performance.now() - startedMs) / 1000
  const { trials } = JSON.parse(readFileSync(join(out, 'comparison.json'), 'utf8')) as Comparison
  const failed = trials.filter(({ state }) => state !== 'completed')
  if (run.status !== 0 || failed.length > 0)
    throw new Error(`the comparison ended with ${run.status}; ${failed.map(({ reason }) => reason).join('; ')}`)
  return { wholeS, trialsS: trials.reduce((all, { startedMs, endedMs }) => all + (endedMs - startedMs) / 1000, 0) }
}

function share(s: number): string {
  return `${((s / bareS - 1) * 100).toFixed(1)} %`
}
