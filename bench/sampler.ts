/**
 * What the sampler of a trial costs: 20 samples a second of a server and two clients while they work. Prints Markdown:
 *
 *     npm run build && npx jiti bench/sampler.ts > bench/results/sampler.md
 *
 * This program does nothing but record, as `tidemark compare` does it, so its processor time is what recording costs, the
 * sampling thread and the reading of marks. About 45 s. Goal (an issue of the project sets it): at most 1 % of a core.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readMachineFacts } from '../src/linux/machine.js'
import { startRecording } from '../src/recording/recorder.js'
import { readRecording } from '../src/recording/storage/read-recording.js'
import { Goals } from './support/goals.js'
import { startJob } from './support/job.js'
import { cpuMs, machine, median, scratchFolder } from './support/processes.js'

const RATE_HZ = 20
/** Of echo clients, so that the weights are all there is to do. */
const JOB = { size: '20MB', rounds: 100_000 }
/** Compiled code and heaps settle meanwhile; its cost is reported apart. */
const WARM_UP_MS = 6000
const WINDOWS = 5
const WINDOW_MS = 6000
const LIMIT = 0.01

const folder = join(scratchFolder(), 'recording')
const recorder = await startRecording({
  folder,
  command: ['bench'],
  setting: {},
  machine: readMachineFacts(),
  rateHz: RATE_HZ,
  areMarksWhole: true,
})
const startMs = cpuMs(process.pid)
const job = await startJob(recorder.marksFile, JOB)
const shares: number[] = []
try {
  for (const { role, name, child } of job.processes) recorder.add({ pid: child.pid!, role, name, command: [name] })
  await pause(WARM_UP_MS)
  for (let window = 0; window < WINDOWS; window++) shares.push(await shareOfCore())
} finally {
  job.kill()
  await recorder.finish('stopped', null)
}
const { head, rounds, samples } = readRecording(folder)
if (head.processes.length !== 3) throw new Error(`${head.processes.length} processes were recorded, and not 3`)

console.log(`${machine()}\n`)
console.log(
  `A server and two echo clients, M = ${JOB.size}, ${rounds.filter(({ role }) => role === 'server').length} rounds meanwhile; ` +
    `${samples.length} samples, ${head.sampling.missed} left out, jitter p99 ${head.sampling.jitterMs!.p99.toFixed(2)} ms.\n`,
)
console.log('| | share of a core |\n| --- | --- |')
const all = median(shares)
console.log(`| the whole recorder, median of ${WINDOWS} windows of ${WINDOW_MS / 1000} s | ${percent(all)} |`)
console.log(`| lowest to highest window | ${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} |`)
const lastedMs = head.endedMs! - head.startedMs
console.log(
  `| its sampling thread alone, from its start on, compiling included | ${percent(head.sampling.costMs! / lastedMs)} |`,
)
console.log(`\nStarting this program and the recorder took ${startMs.toFixed(0)} ms of processor time, once.`)
const goals = new Goals()
goals.add('20 Hz over a server and two clients: at most 1 % of a core', percent(all), all <= LIMIT)
goals.print()

async function shareOfCore(): Promise<number> {
  const before = { ms: performance.now(), cpu: cpuMs(process.pid) }
  await pause(WINDOW_MS)
  return (cpuMs(process.pid) - before.cpu) / (performance.now() - before.ms)
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
