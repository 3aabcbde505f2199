/**
 * Long recordings: the recorder's memory over a million samples, and what a day of ten samples a second takes on disk and to
 * plot. Prints Markdown:
 *
 *     npm run build && npx jiti bench/recorder-day.ts > bench/results/recorder-day.md
 *
 * A million samples would take 17 minutes at the highest rate that the command line offers; here the same recorder is asked for
 * 25,000 a second. The day is written by the recorder's own writer, with clocks and readings as they come in a day. About 4
 * minutes. Goals (an issue of the project sets them): memory flat, under 100 MB on disk, a plot in under 3 s.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMachineFacts } from '../src/linux/machine.js'
import { startRecording } from '../src/recording/recorder.js'
import type { RecordingMetadata } from '../src/recording/recording.js'
import { SampleLog } from '../src/recording/sampling/sample-log.js'
import { MIB, mib } from '../src/shared/units.js'
import { Goals } from './support/goals.js'
import { interrupt, machine, PROGRAM, pause, rssBytes, scratchFolder, startHolder } from './support/processes.js'

const MILLION = 1_000_000
const STEP = 100_000
const DAY_S = 86_400
const RATE_HZ = 10
/** One sample in the day stands out, for a tenth of a second. */
const SPIKE_BYTES = 3000 * MIB

/** Compiled code and heaps have settled by then; from there on nothing may pile up. */
const SETTLED = 2
const FLAT_BYTES = 4 * MIB
const MOST_BYTES = 100e6
const LONGEST_PLOT_MS = 3000

const scratch = scratchFolder()
const goals = new Goals()
console.log(`${machine()}\n`)
await benchMillion()

console.log('\n| a day at 10 Hz | on disk | .svg | .png | .html | terminal | highest shown |')
console.log('| --- | --- | --- | --- | --- | --- | --- |')
for (const processes of [1, 6]) benchDay(processes)
goals.print()

async function benchMillion(): Promise<void> {
  const target = await startHolder(0)
  const folder = join(scratch, 'million')
  const recorder = await startRecording({
    folder,
    command: ['holder'],
    setting: {},
    machine: readMachineFacts(),
    rateHz: 25_000,
    tree: { assignment: null, recorderPid: process.pid },
  })
  recorder.add({ pid: target.pid!, role: 'process', name: 'holder', command: ['holder'] })
  const samples = join(folder, 'samples.ndjson')
  const lineBytes = await lengthOfLine(samples)
  const rows: { samples: number; rss: number }[] = []
  const startedMs = performance.now()
  while (rows.length < MILLION / STEP) {
    await pause(20)
    const written = statSync(samples).size / lineBytes
    if (written >= (rows.length + 1) * STEP) rows.push({ samples: written, rss: rssBytes(process.pid) })
  }
  const tookS = (performance.now() - startedMs) / 1000
  const { sampling } = await recorder.finish('completed', null)
  await interrupt(target)
  console.log(`${sampling.samples} samples of one process in ${tookS.toFixed(0)} s\n`)
  console.log(`| samples (thousands) | ${rows.map(({ samples }) => (samples / 1000).toFixed(0)).join(' | ')} |`)
  console.log(`| --- |${' --- |'.repeat(rows.length)}`)
  console.log(`| RSS of this program (MiB) | ${rows.map(({ rss }) => mib(rss)).join(' | ')} |`)
  const grownBytes = rows.at(-1)!.rss - rows[SETTLED - 1]!.rss
  const from = (SETTLED * STEP) / 1000
  goals.add(
    `the recorder's memory is flat: from ${from} thousand to a million samples at most ${mib(FLAT_BYTES)} MiB more`,
    `${mib(grownBytes)} MiB`,
    grownBytes <= FLAT_BYTES,
  )
}

async function lengthOfLine(file: string): Promise<number> {
  for (;;) {
    await pause(20)
    const end = readFileSync(file).indexOf('\n')
    if (end > 0) return end + 1
  }
}

function benchDay(processes: number): void {
  const folder = join(scratch, `day-${processes}`)
  writeDay(folder, processes)
  const bytes = statSync(join(folder, 'samples.ndjson')).size
  const times = ['day.svg', 'day.png', 'day.html', null].map((out) => plotMs(folder, out))
  const label = `a day of ${processes} process${processes === 1 ? '' : 'es'} at 10 Hz`
  const slowest = Math.max(...times.map(({ ms }) => ms))
  goals.add(`${label}: under 100 MB on disk`, `${(bytes / 1e6).toFixed(1)} MB`, bytes < MOST_BYTES)
  goals.add(`${label}: each plot in under 3 s`, `${(slowest / 1000).toFixed(2)} s`, slowest < LONGEST_PLOT_MS)
  const shown = /\(highest ([^)]+)\)/.exec(times.at(-1)!.stdout)?.[1] ?? 'none'
  console.log(
    `| ${processes} process${processes === 1 ? '' : 'es'} | ${(bytes / 1e6).toFixed(1)} MB | ` +
      `${times.map(({ ms }) => `${(ms / 1000).toFixed(2)} s`).join(' | ')} | ${shown} |`,
  )
}

/** A real recording of a second, whose samples then become those of a day. */
function writeDay(folder: string, processes: number): void {
  const run = spawnSync(process.execPath, [PROGRAM, 'run', '--out', folder, '--', 'sleep', '1'])
  if (run.status !== 0) throw new Error(run.stderr.toString())
  const file = join(folder, 'recording.json')
  const head = JSON.parse(readFileSync(file, 'utf8')) as RecordingMetadata
  const [first] = head.processes
  const endedMs = head.startedMs + DAY_S * 1000
  const known = Array.from({ length: processes }, (_, i) => ({ ...first!, pid: first!.pid + i, lastSeenMs: endedMs }))
  writeFileSync(file, JSON.stringify({ ...head, endedMs, processes: known }))
  const log = new SampleLog(join(folder, 'samples.ndjson'))
  for (let i = 0; i < DAY_S * RATE_HZ; i++) {
    const growth = 400 * MIB + 4096 * (i % 50_000)
    log.begin(head.startedMs + (i * 1000) / RATE_HZ + (i % 7) / 10)
    for (const [each, { pid }] of known.entries())
      log.reading(pid, i === 500_001 && each === 0 ? SPIKE_BYTES : growth + each * 20 * MIB)
    log.end()
  }
  log.flush(endedMs)
  log.close()
}

function plotMs(folder: string, out: string | null): { ms: number; stdout: string } {
  const args = out === null ? [folder] : [folder, '-o', join(scratch, `${folder.at(-1)}-${out}`)]
  const startedMs = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'plot', ...args], { encoding: 'utf8' })
  const ms = performance.now() - startedMs
  if (status !== 0) throw new Error(stderr)
  return { ms, stdout }
}
