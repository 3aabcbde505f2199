/**
 * Spikes of 20 ms under a real Prometheus that scrapes every 15 s, with a second scraper and rounds that reset the same mark.
 * Prints Markdown:
 *
 *     npm run build && npx jiti bench/scraped-spikes.ts > bench/results/scraped-spikes.md
 *
 * 26 minutes, mostly asleep. Goals (an issue of the project sets them): each of 100 spikes of about 250 MB is in exactly one
 * scrape, within 1 %; the second scraper gets each once too, and each round has the peak of the spikes in it. A scrape that falls
 * into a spike cuts it in two: one gets what was reached by then, and the next one the rest. How often that was stands beside.
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
/** A scrape is read this long after its own time, on a busy machine. */
const CUT_MS = 100
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

/** The highest RSS that one scrape told, and when it was asked. */
interface Scraped {
  timeMs: number
  bytes: number
}

const second: Scraped[] = []
let isOver = false
const scrapeToo = (async () => {
  while (!isOver) {
    const timeMs = Date.now()
    const text = await (await fetch(`${url}metrics`)).text()
    const peak = Number(/^tidemark_peak_bytes\{.*\} (\d+)$/m.exec(text)?.[1])
    second.push({ timeMs, bytes: peak })
    await pause(0.1 * INTERVAL_MS)
  }
})()

/** Resolves after a scrape of Prometheus that began from now on: of two spikes in one interval it tells the higher. */
async function nextScrape(): Promise<void> {
  const nowS = Date.now() / 1000
  for (;;) {
    const times = (await query('tidemark_peak_bytes[1m]')).flatMap(({ values }) => values.map(([time]) => time))
    if (Math.max(...times) > nowS) return
    await pause(100)
  }
}

/** The top of each spike as the program read it, from the order to its answer. */
const truths: { bytes: number; fromMs: number; toMs: number }[] = []
for (let spike = 0; spike < SPIKES; spike++) {
  await nextScrape()
  await pause((0.05 + 0.7 * Math.random()) * INTERVAL_MS)
  const fromMs = Date.now()
  tidemark.stdin.write(`spike ${Math.round(240e6 + Math.random() * 20e6)} ${SPIKE_MS}\n`)
  const bytes = Number(String((await answers.next()).value).split(' ')[1])
  truths.push({ bytes, fromMs, toMs: Date.now() })
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
  .map(([time, value]): Scraped => ({ timeMs: 1000 * time, bytes: Number(value) }))
tidemark.stdin.end()
await once(tidemark, 'exit')
prometheus.kill()

/**
 * How many spikes are within 1 % in the scrape after them; how many of them a scrape cut in two; and how many other scrapes tell of
 * a spike. The parts of one that was cut are in two scrapes, and one of them has its top.
 */
function found(scrapes: readonly Scraped[]) {
  const high = scrapes.filter(({ bytes }) => bytes > SPIKE_ABOVE_BYTES)
  const own = truths.map(({ bytes, fromMs, toMs }) => {
    const cuts = scrapes.filter(({ timeMs }) => timeMs > fromMs - CUT_MS && timeMs < toMs + CUT_MS)
    const after = scrapes.find(({ timeMs }) => timeMs >= toMs + CUT_MS)
    const its = after === undefined ? cuts : [...cuts, after]
    return { its, isCut: cuts.length > 0, isRight: its.some((one) => Math.abs(one.bytes / bytes - 1) <= 0.01) }
  })
  const accounted = new Set(own.flatMap(({ its }) => its))
  return {
    right: own.filter(({ isRight }) => isRight).length,
    cut: own.filter(({ isCut }) => isCut).length,
    others: high.filter((one) => !accounted.has(one)).length,
  }
}

const goals = new Goals()
const { rounds } = readRecording(recording)
const roundsRight = rounds.filter(({ round, peakBytes }) => {
  const own = truths.slice((round - 1) * ROUND_OF_SPIKES, round * ROUND_OF_SPIKES).map(({ bytes }) => bytes)
  return Math.abs(peakBytes! / Math.max(...own) - 1) <= 0.01
}).length
console.error(JSON.stringify({ truths, scraped, second, rounds }))
const [byPrometheus, bySecond] = [found(scraped), found(second)]
console.log(
  `${machine()}, ${readFileSync(config, 'utf8').includes('15s') ? 'every 15 s' : `every ${INTERVAL_MS / 1000} s`}\n`,
)
console.log(`${SPIKES} spikes of ${SPIKE_MS} ms and 240 to 260 MB, ${scraped.length} scrapes by Prometheus.\n`)
console.log('| reader | spikes within 1 % | spikes that a scrape cut in two | other scrapes above 150 MB |')
console.log('| --- | --- | --- | --- |')
console.log(`| Prometheus | ${byPrometheus.right} of ${SPIKES} | ${byPrometheus.cut} | ${byPrometheus.others} |`)
console.log(`| a second scraper | ${bySecond.right} of ${SPIKES} | ${bySecond.cut} | ${bySecond.others} |`)
console.log(`| rounds of ${ROUND_OF_SPIKES} spikes | ${roundsRight} of ${rounds.length} rounds | | |`)
goals.add(
  `Prometheus: ${SPIKES} of ${SPIKES} spikes within 1 %`,
  `${byPrometheus.right}`,
  byPrometheus.right === SPIKES,
)
goals.add('Prometheus: once each', `${byPrometheus.others} other values`, byPrometheus.others === 0)
goals.add(
  `second scraper, ten times as often: ${SPIKES} of ${SPIKES} within 1 %`,
  `${bySecond.right}`,
  bySecond.right === SPIKES,
)
goals.add('second scraper: once each', `${bySecond.others} other values`, bySecond.others === 0)
goals.add('rounds keep their peaks', `${roundsRight} of ${rounds.length}`, roundsRight === rounds.length)
goals.print()
process.exit(0)
