/**
 * Spikes of 20 ms under a real Prometheus that scrapes every 15 s, with a second scraper and rounds that reset the same mark.
 * Prints Markdown:
 *
 *     npm run build && npx jiti bench/scraped-spikes.ts > bench/results/scraped-spikes.md
 *
 * 26 minutes, mostly asleep. Goals (an issue of the project sets them): each of 100 spikes of about 250 MB is in exactly one
 * scrape, within 1 %; the second scraper gets each once too, and each round has the peak of the spikes in it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readRecording } from '../src/recording/storage/read-recording.js'
import { Goals } from './support/goals.js'
import { machine, PROGRAM, pause, scratchFolder } from './support/processes.js'

const SPIKES = Number(process.env.SPIKES ?? 100)
const INTERVAL_MS = Number(process.env.INTERVAL_S ?? 15) * 1000
const SPIKE_MS = 20
const ROUND_OF_SPIKES = 3
/** The program itself is far below, and spikes far above. */
const SPIKE_ABOVE_BYTES = 150e6

const scratch = scratchFolder()
const recording = join(scratch, 'recording')
const FIXTURE = new URL('../test/fixtures/spikes-on-order.py', import.meta.url).pathname
const tidemark = spawn(
  process.execPath,
  [PROGRAM, 'run', '--listen', '0', '--out', recording, '--', 'python3', FIXTURE],
  { stdio: ['pipe', 'pipe', 'pipe'] },
)
const answers = createInterface({ input: tidemark.stdout })[Symbol.asyncIterator]()
const url = await new Promise<string>((resolve) => {
  tidemark.stderr.on('data', (text) => {
    const found = /live at (http:\S+\/);/.exec(String(text))?.[1]
    if (found !== undefined) resolve(found)
  })
})
await answers.next()

const config = join(scratch, 'prometheus.yml')
const target = new URL(url).host
writeFileSync(
  config,
  JSON.stringify({
    scrape_configs: [
      {
        job_name: 'tidemark',
        scrape_interval: `${INTERVAL_MS / 1000}s`,
        scrape_timeout: `${Math.min(10, INTERVAL_MS / 1000)}s`,
        static_configs: [{ targets: [target] }],
      },
    ],
  }),
)
const port = 20_000 + Math.floor(Math.random() * 20_000)
const prometheus = spawn(
  'prometheus',
  [`--config.file=${config}`, `--storage.tsdb.path=${join(scratch, 'data')}`, `--web.listen-address=127.0.0.1:${port}`],
  { stdio: 'ignore' },
)
const query = async (text: string) => {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`)
  return ((await answer.json()) as { data: { result: { values: [number, string][] }[] } }).data.result
}
for (;;) {
  await pause(500)
  if ((await query('tidemark_peak_bytes[1h]').catch(() => [])).length > 0) break
}

const second: number[] = []
let isOver = false
const scrapeToo = (async () => {
  while (!isOver) {
    const text = await (await fetch(`${url}metrics`)).text()
    const peak = Number(/^tidemark_peak_bytes\{.*\} (\d+)$/m.exec(text)?.[1])
    if (peak > SPIKE_ABOVE_BYTES) second.push(peak)
    await pause(0.1 * INTERVAL_MS)
  }
})()

/** Resolves after the next scrape of Prometheus: two spikes in one interval would be reported as the higher of them. */
let scrapes = 0
async function nextScrape(): Promise<void> {
  for (;;) {
    const times = (await query('tidemark_peak_bytes[2h]')).flatMap(({ values }) => values.map(([time]) => time))
    const count = new Set(times).size
    if (count > scrapes) {
      scrapes = count
      return
    }
    await pause(100)
  }
}

const truths: number[] = []
for (let spike = 0; spike < SPIKES; spike++) {
  await nextScrape()
  await pause((0.05 + 0.7 * Math.random()) * INTERVAL_MS)
  tidemark.stdin.write(`spike ${Math.round(240e6 + Math.random() * 20e6)} ${SPIKE_MS}\n`)
  truths.push(Number(String((await answers.next()).value).split(' ')[1]))
  if ((spike + 1) % ROUND_OF_SPIKES === 0) {
    tidemark.stdin.write(`round ${(spike + 1) / ROUND_OF_SPIKES}\n`)
    await answers.next()
  }
}
await pause(1.5 * INTERVAL_MS)
isOver = true
await scrapeToo
const scraped = (await query('tidemark_peak_bytes[2h]'))
  .flatMap(({ values }) => values)
  .sort(([a], [b]) => a - b)
  .map(([, value]) => Number(value))
tidemark.stdin.end()
await once(tidemark, 'exit')
prometheus.kill()

/** How many spikes have a value within 1 %, in their order. */
function found(values: readonly number[]) {
  const spikes = values.filter((value) => value > SPIKE_ABOVE_BYTES)
  const isNear = (value: number | undefined, truth: number) => Math.abs((value ?? 0) / truth - 1) <= 0.01
  const left = [...spikes]
  const right = truths.filter((truth) => {
    // A scrape while the spike still rises tells of a part of it; the whole comes with the next one.
    const at = left.slice(0, 10).findIndex((value) => isNear(value, truth))
    left.splice(0, at + 1)
    return at >= 0
  })
  return { values: spikes.length, right: right.length }
}

const goals = new Goals()
const { rounds } = readRecording(recording)
const roundsRight = rounds.filter(({ round, peakBytes }) => {
  const own = truths.slice((round - 1) * ROUND_OF_SPIKES, round * ROUND_OF_SPIKES)
  return Math.abs(peakBytes! / Math.max(...own) - 1) <= 0.01
}).length
console.error(JSON.stringify({ truths, scraped, second }))
const [byPrometheus, bySecond] = [found(scraped), found(second)]
console.log(
  `${machine()}, ${readFileSync(config, 'utf8').includes('15s') ? 'every 15 s' : `every ${INTERVAL_MS / 1000} s`}\n`,
)
console.log(`${SPIKES} spikes of ${SPIKE_MS} ms and 240 to 260 MB, ${scraped.length} scrapes by Prometheus.\n`)
console.log('| reader | spikes within 1 % | values above 150 MB |')
console.log('| --- | --- | --- |')
console.log(`| Prometheus | ${byPrometheus.right} of ${SPIKES} | ${byPrometheus.values} |`)
console.log(`| a second scraper | ${bySecond.right} of ${SPIKES} | ${bySecond.values} |`)
console.log(`| rounds of ${ROUND_OF_SPIKES} spikes | ${roundsRight} of ${rounds.length} rounds | |`)
goals.add(
  `Prometheus: ${SPIKES} of ${SPIKES} spikes within 1 %`,
  `${byPrometheus.right}`,
  byPrometheus.right === SPIKES,
)
goals.add('Prometheus: once each', `${byPrometheus.values} values`, byPrometheus.values === SPIKES)
goals.add(
  `second scraper, ten times as often: ${SPIKES} of ${SPIKES} within 1 %`,
  `${bySecond.right}`,
  bySecond.right === SPIKES,
)
goals.add('rounds keep their peaks', `${roundsRight} of ${rounds.length}`, roundsRight === rounds.length)
goals.print()
process.exit(0)
