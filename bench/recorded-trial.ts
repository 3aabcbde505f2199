/**
 * Whether being recorded slows a job down: one job runs on and on, is recorded for some seconds and then is not, by turns, in pairs whose order
 * is turned round each time. Runs of their own, of the same job one after the other, differ by a third on a shared machine; neighbouring
 * seconds of one run do not. Prints Markdown:
 *
 *     npm run build && npx jiti bench/recorded-trial.ts [pairs] > bench/results/recorded-trial.md
 *
 * About 8 s a pair, 60 pairs by default. Goal (an issue of the project sets it): the round takes at most 2 % longer.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMachineFacts } from '../src/linux/machine.js'
import type { RoundMark } from '../src/marks.js'
import { nowMs } from '../src/recording/clock.js'
import { startRecording } from '../src/recording/recorder.js'
import { mean } from '../src/statistics/mean.js'
import { sampleVariance } from '../src/statistics/sample-variance.js'
import { studentTQuantile } from '../src/statistics/student-t.js'
import { median, readMarks } from './job.js'
import { Goals } from './support/goals.js'
import { startJob } from './support/job.js'
import { machine, pause, scratchFolder } from './support/processes.js'

const PAIRS = Number(process.argv[2] ?? 60)
const JOB = { size: '20MB', rounds: 1_000_000 }
/** Compiled code and heaps of the job settle meanwhile. */
const WARM_UP_MS = 8000
/** Before each part: what a recorder does once, at its start, is no matter of rounds. */
const SETTLE_MS = 1000
const PART_MS = 3000
const RATE_HZ = 20
const LIMIT = 1.02

const scratch = scratchFolder()
const marksFile = join(scratch, 'marks.ndjson')
writeFileSync(marksFile, '')
const job = await startJob(marksFile, JOB)
console.log(`${machine()}\n`)
console.log(
  `A server and two echo clients, M = ${JOB.size}; the median of the rounds in each of ${2 * PAIRS} parts of ${PART_MS / 1000} s of one run.\n`,
)
console.log('| pair | first | recorded (ms a round) | unrecorded (ms a round) | ratio |')
console.log('| --- | --- | --- | --- | --- |')
const logRatios: number[] = []
try {
  await pause(WARM_UP_MS)
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
} finally {
  job.kill()
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

/** Starting a recording empties the file of marks; without one it is emptied here. */
async function roundMs(name: string, isRecorded: boolean): Promise<number> {
  if (!isRecorded) writeFileSync(marksFile, '')
  const recorder = isRecorded
    ? await startRecording({
        folder: join(scratch, name),
        command: ['bench'],
        setting: {},
        machine: readMachineFacts(),
        rateHz: RATE_HZ,
        marksFile,
        areMarksWhole: true,
      })
    : undefined
  for (const { role, name: of, child } of job.processes)
    recorder?.add({ pid: child.pid!, role, name: of, command: [of] })
  await pause(SETTLE_MS)
  const fromMs = nowMs()
  await pause(PART_MS)
  const toMs = nowMs()
  await recorder?.finish('stopped', null)
  const rounds = readMarks(marksFile).filter((mark): mark is RoundMark => mark.mark === 'round')
  const lasted = rounds
    .filter(({ role, startedMs, timeMs }) => role === 'server' && startedMs >= fromMs && timeMs <= toMs)
    .map(({ startedMs, timeMs }) => timeMs - startedMs)
  if (lasted.length < 5) throw new Error(`${lasted.length} rounds in ${PART_MS} ms are too few`)
  return median(lasted)
}
