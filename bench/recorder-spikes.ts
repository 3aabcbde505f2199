/**
 * Peaks of rounds: 72 spikes of 250 MB that last between 20 and 100 ms, one a round, recorded by Tidemark at its default rate
 * while mprof watches the same process at its default. Prints Markdown:
 *
 *     npm run build && npx jiti bench/recorder-spikes.ts > bench/results/recorder-spikes.md
 *
 * The truth is what the program reads of itself at the top of each spike. Goal (an issue of the project sets it): all 72 peaks
 * within 1 %.
 */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importRecording } from '../src/recording/formats/imported-recording.js'
import { readRecording } from '../src/recording/storage/read-recording.js'
import { Goals } from './support/goals.js'
import { interrupt, MPROF, machine, PROGRAM, PYTHON, pause, scratchFolder, start } from './support/processes.js'

const ROUNDS = 72
/** 250 MB. */
const SPIKE_MIB = '238'
const SEED = '1'
/** Until mprof has attached; the program waits for it under the same pid. */
const HEAD_START_S = '3'

const scratch = scratchFolder()
const goals = new Goals()
const [folder, truth, dat] = ['recording', 'truth', 'mprof.dat'].map((name) => join(scratch, name)) as Three
const spikes = fileURLToPath(new URL('../test/fixtures/spikes.py', import.meta.url))
const program = [PYTHON, spikes, String(ROUNDS), SPIKE_MIB, SEED, truth]

console.log(`${machine()}\n`)
const tidemark = start([
  process.execPath,
  PROGRAM,
  ...['run', '--out', folder, '--'],
  ...['sh', '-c', `sleep ${HEAD_START_S}; exec "$@"`, 'sh', ...program],
])
const mprof = start([MPROF, 'attach', '-o', dat, String(await pidOfCommand())])
await once(tidemark, 'exit')
await interrupt(mprof)

const heights = readFileSync(truth, 'utf8').trim().split('\n').map(Number)
const { rounds, samples, head } = readRecording(folder)
const spiking = rounds.filter(({ pid }) => pid === head.processes[0]!.pid)
const theirs = importRecording(dat).series[0]!
const ourSamples = { timesMs: samples.map(({ timeMs }) => timeMs), rssBytes: samples.map(({ rss }) => rss[0]![1]) }

console.log(`${ROUNDS} rounds, each with one spike of 250 MB for 20 to 100 ms\n`)
console.log('| peaks | within 1 % | within 5 % | lowest, median, highest share of the truth |')
console.log('| --- | --- | --- | --- |')
row(
  'Tidemark, by round (exact)',
  spiking.map(({ peakBytes }) => peakBytes!),
)
row('highest sample of Tidemark in the round, 10 Hz', highestIn(ourSamples))
row('highest sample of mprof in the round, default', highestIn(theirs))
const exact = spiking.filter(({ peakBytes }, i) => Math.abs(peakBytes! / heights[i]! - 1) <= 0.01).length
goals.add(`all ${ROUNDS} peaks within 1 %`, `${exact} of ${ROUNDS}`, exact === ROUNDS)
goals.print()

function row(label: string, peaks: number[]): void {
  if (peaks.length !== ROUNDS || heights.length !== ROUNDS) throw new Error(`${peaks.length} rounds were recorded`)
  const shares = peaks.map((peak, i) => peak / heights[i]!)
  const within = (share: number) => shares.filter((each) => Math.abs(each - 1) <= share).length
  const sorted = shares.toSorted((a, b) => a - b)
  const quantiles = [sorted[0]!, sorted[ROUNDS / 2]!, sorted.at(-1)!].map((share) => share.toFixed(4)).join(', ')
  console.log(`| ${label} | ${within(0.01)} of ${ROUNDS} | ${within(0.05)} of ${ROUNDS} | ${quantiles} |`)
}

/** Zero where no sample fell into a round. */
function highestIn({ timesMs, rssBytes }: { timesMs: ArrayLike<number>; rssBytes: ArrayLike<number> }): number[] {
  return spiking.map(({ startedMs, endedMs }) => {
    let highest = 0
    for (let i = 0; i < timesMs.length; i++)
      if (timesMs[i]! >= startedMs && timesMs[i]! <= endedMs) highest = Math.max(highest, rssBytes[i]!)
    return highest
  })
}

async function pidOfCommand(): Promise<number> {
  for (;;) {
    await pause(50)
    if (!existsSync(join(folder, 'recording.json'))) continue
    const first = readRecording(folder).head.processes[0]
    if (first !== undefined) return first.pid
  }
}

type Three = [string, string, string]
