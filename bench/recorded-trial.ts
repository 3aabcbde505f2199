/**
 * Whether being recorded slows a job down: the same job with and without the recorder, by turns, in pairs whose order is
 * turned round each time, so that a machine that warms up favours neither. Prints Markdown:
 *
 *     npm run build && npx jiti bench/recorded-trial.ts [pairs] > bench/results/recorded-trial.md
 *
 * About 12 s a pair, 16 pairs by default. Goal (an issue of the project sets it): the round takes at most 2 % longer.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMachineFacts } from '../src/linux/machine.js'
import type { RoundMark } from '../src/marks.js'
import { startRecording } from '../src/recording/recorder.js'
import { mean } from '../src/statistics/mean.js'
import { sampleVariance } from '../src/statistics/sample-variance.js'
import { studentTQuantile } from '../src/statistics/student-t.js'
import { median, readMarks } from './job.js'
import { Goals } from './support/goals.js'
import { startJob } from './support/job.js'
import { machine, scratchFolder } from './support/processes.js'

const PAIRS = Number(process.argv[2] ?? 16)
const JOB = { size: '20MB', rounds: 60 }
/** Rounds that are left out of the medians, while compiled code settles. */
const WARM_UP = 10
const RATE_HZ = 20
const LIMIT = 1.02

const scratch = scratchFolder()
console.log(`${machine()}\n`)
console.log(
  `A server and two echo clients, M = ${JOB.size}; the median of ${JOB.rounds - WARM_UP} rounds of each of ${2 * PAIRS} runs.\n`,
)
console.log('| pair | first | recorded (ms a round) | unrecorded (ms a round) | ratio |')
console.log('| --- | --- | --- | --- | --- |')
const logRatios: number[] = []
await roundMs('warm-up', false) // the file system's caches and the machine's clock settle
for (let pair = 1; pair <= PAIRS; pair++) {
  const isRecordedFirst = pair % 2 === 1
  const first = await roundMs(`${pair}-first`, isRecordedFirst)
  const second = await roundMs(`${pair}-second`, !isRecordedFirst)
  const [recorded, unrecorded] = isRecordedFirst ? [first, second] : [second, first]
  logRatios.push(Math.log(recorded / unrecorded))
  console.log(
    `| ${pair} | ${isRecordedFirst ? 'recorded' : 'unrecorded'} | ${recorded.toFixed(2)} | ${unrecorded.toFixed(2)} | ` +
      `${(recorded / unrecorded).toFixed(3)} |`,
  )
}

// Pairs are alike; their ratios are not. Student's interval of the mean of their logarithms.
const half = studentTQuantile(0.975, PAIRS - 1) * Math.sqrt(sampleVariance(logRatios) / PAIRS)
const [low, ratio, high] = [-half, 0, half].map((off) => Math.exp(mean(logRatios) + off)) as [number, number, number]
const goals = new Goals()
goals.add(
  'a round under the recorder takes at most 1.02 times as long',
  `${ratio.toFixed(3)} (95 % interval ${low.toFixed(3)} to ${high.toFixed(3)})`,
  high <= LIMIT ? true : low > LIMIT ? false : null,
)
goals.print()
console.log('\nOpen: the interval holds both what meets the goal and what misses it.')

async function roundMs(name: string, isRecorded: boolean): Promise<number> {
  const folder = join(scratch, name)
  const recorder = isRecorded
    ? await startRecording({ folder, command: ['bench'], setting: {}, machine: readMachineFacts(), rateHz: RATE_HZ })
    : undefined
  const marksFile = recorder?.marksFile ?? `${folder}.ndjson`
  if (recorder === undefined) writeFileSync(marksFile, '')
  const job = await startJob(marksFile, JOB)
  try {
    for (const { role, name: of, child } of job.processes)
      recorder?.add({ pid: child.pid!, role, name: of, command: [of] })
    await job.done()
  } finally {
    job.kill()
    await recorder?.finish('completed', null)
  }
  const rounds = readMarks(marksFile).filter((mark): mark is RoundMark => mark.mark === 'round')
  const lasted = rounds.filter(({ role }) => role === 'server').map(({ startedMs, timeMs }) => timeMs - startedMs)
  if (lasted.length !== JOB.rounds) throw new Error(`${lasted.length} rounds were marked, and not ${JOB.rounds}`)
  return median(lasted.slice(WARM_UP))
}
