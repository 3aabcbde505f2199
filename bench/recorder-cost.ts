/**
 * What recording costs, beside mprof: both watch the same processes in the same seconds. Prints Markdown:
 *
 *     npm run build && npx jiti bench/recorder-cost.ts > bench/results/recorder-cost.md
 *
 * About 5 minutes. Goals (an issue of the project sets them): at 10 Hz at most half of mprof's processor time for one process
 * and at most a third for six; 1000 Hz achieved within 2 %, p99 of the jitter at most 1 ms, at 10 % of a core. The shares are of
 * the steady state; what starting costs stands beside them, since it counts for short recordings.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readRecording } from '../src/recording/storage/read-recording.js'
import { mib } from '../src/shared/units.js'
import { Goals } from './support/goals.js'
import {
  cpuMs,
  interrupt,
  MPROF,
  machine,
  median,
  PROGRAM,
  pause,
  rssBytes,
  scratchFolder,
  start,
  startHolder,
  startRestless,
} from './support/processes.js'

/**
 * Compiled code and heaps settle meanwhile: V8 collects what the start has left once the program has been idle for some eight
 * seconds, which takes 60 ms. What all that costs is in the column of the start.
 */
const WARM_UP_MS = 20_000
const WINDOWS = 3
const WINDOW_MS = 12_000

const scratch = scratchFolder()
const goals = new Goals()
console.log(`${machine()}\n`)
// `npx jiti bench/recorder-cost.ts page` measures what a page costs, and nothing else.
if (process.argv[2] !== 'page') await besideMprof()
console.log('\n| Tidemark at 10 Hz, 1 process | CPU | RSS (MiB) |')
console.log('| --- | --- | --- |')
await withPage(await startRestless())

goals.print()

async function besideMprof(): Promise<void> {
  console.log(
    `Both attached to the same processes at the same time. CPU is of the whole profiler, all its threads, as a share of one core: ` +
      `the median of ${WINDOWS} windows of ${WINDOW_MS / 1000} s (lowest to highest). The start is the processor time of the first ${WARM_UP_MS / 1000} s.\n`,
  )
  console.log(
    '| watched | mprof CPU | Tidemark CPU | share of mprof | start: mprof, Tidemark (ms) | RSS: mprof, Tidemark (MiB) |',
  )
  console.log('| --- | --- | --- | --- | --- | --- |')
  await sideBySide({
    label: '1 process, 10 Hz',
    target: await startHolder(0),
    processes: 1,
    limit: 1 / 2,
    mprofFlags: [],
  })
  await sideBySide({
    label: '1 process whose memory changes 50 times a second, 10 Hz',
    target: await startRestless(),
    processes: 1,
    limit: 1 / 2,
    mprofFlags: [],
  })
  await sideBySide({
    label: '6 processes, 10 Hz (`mprof -C`)',
    target: await startHolder(5),
    processes: 6,
    limit: 1 / 3,
    mprofFlags: ['-C'],
  })

  console.log('\n| rate asked | rate achieved | off by | jitter median, p99, max (ms) | left out | CPU |')
  console.log('| --- | --- | --- | --- | --- | --- |')
  for (const [children, rate] of [
    [0, 1000],
    [5, 1000],
  ] as const)
    await fast(children, rate)
}

interface Side {
  label: string
  target: ChildProcess
  processes: number
  /** Of mprof's processor time. */
  limit: number
  mprofFlags: string[]
}

async function sideBySide({ label, target, processes, limit, mprofFlags }: Side): Promise<void> {
  const dat = join(scratch, `${target.pid}.dat`)
  const mprof = start([MPROF, 'attach', ...mprofFlags, '-T', '0.1', '-o', dat, String(target.pid)])
  const folder = join(scratch, `side-${target.pid}`)
  const tidemark = attach(target, folder, '10')
  await pause(WARM_UP_MS)
  const started = [cpuMs(mprof.pid!), cpuMs(tidemark.pid!)]
  const shares: { mprof: number; tidemark: number }[] = []
  for (let window = 0; window < WINDOWS; window++) shares.push(await shareOfCore(mprof, tidemark))
  const rss = [rssBytes(mprof.pid!), rssBytes(tidemark.pid!)]
  for (const child of [mprof, tidemark, target]) await interrupt(child)
  if (!existsSync(dat) || statSync(dat).size < 10_000) throw new Error('mprof recorded nothing')
  const { head } = readRecording(folder)
  if (head.processes.length !== processes) throw new Error(`Tidemark saw ${head.processes.length} processes`)

  const [theirs, ours] = [shares.map(({ mprof }) => mprof), shares.map(({ tidemark }) => tidemark)]
  const ratio = median(ours) / median(theirs)
  console.log(
    `| ${label} | ${spread(theirs)} | ${spread(ours)} | ${ratio.toFixed(2)} | ` +
      `${started.map((ms) => ms.toFixed(0)).join(', ')} | ${rss.map(mib).join(', ')} |`,
  )
  goals.add(`${label}: at most ${limit.toFixed(2)} of mprof's CPU`, ratio.toFixed(2), ratio <= limit)
}

async function shareOfCore(mprof: ChildProcess, tidemark: ChildProcess): Promise<{ mprof: number; tidemark: number }> {
  const read = () => ({ ms: performance.now(), mprof: cpuMs(mprof.pid!), tidemark: cpuMs(tidemark.pid!) })
  const before = read()
  await pause(WINDOW_MS)
  const after = read()
  const lasted = after.ms - before.ms
  return { mprof: (after.mprof - before.mprof) / lasted, tidemark: (after.tidemark - before.tidemark) / lasted }
}

async function fast(children: number, rate: number): Promise<void> {
  const target = await startHolder(children)
  const folder = join(scratch, `fast-${children}-${rate}`)
  const tidemark = attach(target, folder, String(rate))
  await pause(WARM_UP_MS)
  const before = { ms: performance.now(), cpu: cpuMs(tidemark.pid!) }
  await pause(WINDOW_MS)
  const share = (cpuMs(tidemark.pid!) - before.cpu) / (performance.now() - before.ms)
  for (const child of [tidemark, target]) await interrupt(child)
  const { achievedIntervalMs, jitterMs, missed, samples } = readRecording(folder).head.sampling
  const achieved = 1000 / achievedIntervalMs!
  const jitter = [jitterMs!.median, jitterMs!.p99, jitterMs!.max].map((ms) => ms.toFixed(2)).join(', ')
  console.log(
    `| ${rate} Hz, ${children + 1} process${children === 0 ? '' : 'es'} | ${achieved.toFixed(1)} Hz | ` +
      `${((100 * Math.abs(achieved - rate)) / rate).toFixed(2)} % | ${jitter} | ${missed} of ${samples + missed!} | ${percent(share)} |`,
  )
  const label = `${rate} Hz, ${children + 1} process${children === 0 ? '' : 'es'}`
  goals.add(`${label}: within 2 %`, `${achieved.toFixed(1)} Hz`, Math.abs(achieved / rate - 1) <= 0.02)
  goals.add(`${label}: p99 of the jitter at most 1 ms`, `${jitterMs!.p99.toFixed(2)} ms`, jitterMs!.p99 <= 1)
  goals.add(`${label}: at most 10 % of a core`, percent(share), share <= 0.1)
}

/** The same process recorded twice at the same time: once as it is, and once with `--listen` and a page that reads its events. */
async function withPage(target: ChildProcess): Promise<void> {
  const plain = attach(target, join(scratch, 'plain'), '10')
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const served = attach(target, join(scratch, 'served'), '10', ['--listen', String(port)])
  const events = await untilServed(`http://127.0.0.1:${port}/events`)
  const page = events.body!.pipeTo(new WritableStream()).catch(() => {}) // cut when the recording ends
  await pause(WARM_UP_MS)
  const shares: { plain: number; served: number }[] = []
  for (let window = 0; window < WINDOWS; window++) {
    const before = { ms: performance.now(), plain: cpuMs(plain.pid!), served: cpuMs(served.pid!) }
    await pause(WINDOW_MS)
    const lasted = performance.now() - before.ms
    shares.push({
      plain: (cpuMs(plain.pid!) - before.plain) / lasted,
      served: (cpuMs(served.pid!) - before.served) / lasted,
    })
  }
  const [rss, rssServed] = [rssBytes(plain.pid!), rssBytes(served.pid!)]
  for (const child of [plain, served, target]) await interrupt(child)
  await page
  const [alone, together] = [shares.map((one) => one.plain), shares.map((one) => one.served)]
  console.log(`| without | ${spread(alone)} | ${mib(rss)} |`)
  console.log(`| with --listen and one page | ${spread(together)} | ${mib(rssServed)} |`)
  const [cpuRatio, rssRatio] = [median(together) / median(alone), rssServed / rss]
  goals.add('--listen and one page: at most 1.5 times the CPU', cpuRatio.toFixed(2), cpuRatio <= 1.5)
  goals.add('--listen and one page: at most 1.5 times the RSS', rssRatio.toFixed(2), rssRatio <= 1.5)
}

async function untilServed(url: string): Promise<Response> {
  for (;;) {
    const response = await fetch(url).catch(() => undefined)
    if (response !== undefined) return response
    await pause(200)
  }
}

function attach(target: ChildProcess, folder: string, rate: string, others: string[] = []): ChildProcess {
  return start([process.execPath, PROGRAM, 'attach', String(target.pid), '--rate', rate, '--out', folder, ...others])
}

function spread(shares: number[]): string {
  return `${percent(median(shares))} (${percent(Math.min(...shares))} to ${percent(Math.max(...shares))})`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`
}
