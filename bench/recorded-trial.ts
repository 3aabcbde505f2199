/**
 * Whether being recorded slows a job down: one job runs on and on, beside a recorder in a process of its own, as `tidemark compare` is one.
 * It is stopped and continued by turns (SIGSTOP, SIGCONT), so that neighbouring seconds of one run are compared: runs of their own, of the
 * same job one after the other, differ by a third on a shared machine. The order within the pairs is turned round each time. Prints Markdown:
 *
 *     npm run build && npx jiti bench/recorded-trial.ts [pairs] > bench/results/recorded-trial.md
 *
 * About 3 s a pair, 100 pairs by default. Goal (an issue of the project sets it): the round takes at most 2 % longer.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readMachineFacts } from '../src/linux/machine.js'
import { startRecording } from '../src/recording/recorder.js'
import type { ProcessToRecord } from '../src/recording/recorder-handle.js'
import { MARKS_FILE } from '../src/recording/storage/recording-files.js'
import { nowMs } from '../src/shared/clock.js'
import type { RoundMark } from '../src/shared/marks.js'
import { studentTQuantile } from '../src/statistics/distributions/student-t.js'
import { mean } from '../src/statistics/mean.js'
import { sampleVariance } from '../src/statistics/sample-variance.js'
import { readMarks } from './job.js'
import { Goals } from './support/goals.js'
import { startJob } from './support/job.js'
import { machine, pause, scratchFolder, start } from './support/processes.js'

const JITI = fileURLToPath(new URL('../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url))
const RATE_HZ = 20
const RECORD = 'record'
const [asked, folder] = process.argv.slice(2)
if (asked === RECORD) await record(folder!)
const PAIRS = Number(asked ?? 100)
const JOB = { size: '20MB', rounds: 1_000_000 }
/** Compiled code and heaps settle meanwhile, those of the recorder too. */
const WARM_UP_MS = 20_000
/** Before each part: a round that began in the one before is in neither. */
const SETTLE_MS = 100
const PART_MS = 1400
const LIMIT = 1.02

const recording = join(scratchFolder(), 'recording')
const recorder = start([process.execPath, JITI, fileURLToPath(import.meta.url), RECORD, recording])
await once(recorder.stdout!, 'data')
const marksFile = join(recording, MARKS_FILE)
const job = await startJob(marksFile, JOB)
recorder.stdin!.write(
  `${JSON.stringify(job.processes.map(({ role, name, child }) => ({ role, name, pid: child.pid })))}\n`,
)
console.log(`${machine()}\n`)
const parts: { pair: number; isRecorded: boolean; fromMs: number; toMs: number }[] = []
try {
  await pause(WARM_UP_MS)
  if (recorder.exitCode !== null) throw new Error(`the recorder ended with exit code ${recorder.exitCode}`)
  for (let pair = 1; pair <= PAIRS; pair++) {
    await part(pair, pair % 2 === 1)
    await part(pair, pair % 2 === 0)
  }
} finally {
  job.kill()
  recorder.kill('SIGKILL')
}
const rounds = readMarks(marksFile).filter((mark): mark is RoundMark => mark.mark === 'round' && mark.role === 'server')
console.log(
  `A server and two echo clients, M = ${JOB.size}; mean time of the rounds within each of ${2 * PAIRS} parts of ${PART_MS / 1000} s of one run.\n`,
)
const logRatios = Array.from({ length: PAIRS }, (_, index) => {
  const of = (isRecorded: boolean) =>
    roundMs(parts.find((one) => one.pair === index + 1 && one.isRecorded === isRecorded)!)
  return Math.log(of(true) / of(false))
})

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

async function part(pair: number, isRecorded: boolean): Promise<void> {
  recorder.kill(isRecorded ? 'SIGCONT' : 'SIGSTOP')
  await pause(SETTLE_MS)
  const fromMs = nowMs()
  await pause(PART_MS)
  parts.push({ pair, isRecorded, fromMs, toMs: nowMs() })
}

/** Mean time from the end of one round to the end of the next: all that happens in between counts. */
function roundMs({ fromMs, toMs }: { fromMs: number; toMs: number }): number {
  const ends = rounds.map(({ timeMs }) => timeMs).filter((timeMs) => timeMs >= fromMs && timeMs <= toMs)
  if (ends.length < 3) throw new Error(`${ends.length} rounds in ${PART_MS} ms are too few`)
  return (ends.at(-1)! - ends[0]!) / (ends.length - 1)
}

/** The recorder's process. What it is to record is a line of its input; when that ends, its owner is gone. */
async function record(folder: string): Promise<never> {
  const recorder = await startRecording({
    folder,
    command: ['bench'],
    setting: {},
    machine: readMachineFacts(),
    rateHz: RATE_HZ,
    areMarksWhole: true,
  })
  console.log('up')
  const input = createInterface({ input: process.stdin })
  const [line] = (await once(input, 'line')) as [string]
  for (const one of JSON.parse(line) as Omit<ProcessToRecord, 'command'>[])
    recorder.add({ ...one, command: [one.name] })
  await once(input, 'close')
  process.exit()
}
