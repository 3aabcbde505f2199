/**
 * How often the verdict that may be looked at after every round is wrong, and how long it takes to find a leak, beside what
 * people do. Writes bench/results/live-verdicts.md.
 *
 *     npx jiti bench/verdict/live.ts [drawn series of each kind, 360] [more recorded series ...]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MIB } from '../../src/shared/units.js'
import { GrowthEvidence } from '../../src/statistics/anytime/growth-evidence.js'
import { median } from '../../src/statistics/median.js'
import { VerdictSoFar } from '../../src/verdict/live/verdict-so-far.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { KINDS, type LiveSeries, leakOf, seriesOf } from './live-series.js'
import { plannedLooks } from './planned-looks.js'
import type { RecordedSeries } from './record-programs.js'

const RESULTS = fileURLToPath(new URL('../results/live-verdicts.md', import.meta.url))
const OWN = fileURLToPath(new URL('programs/series.json', import.meta.url))
const [each = '360', ...more] = process.argv.slice(2)
const ROUNDS = 200
/** None of the seeds that the method was tried on. */
const SEED = 2_700_000_000
/** Before it no rule gives a verdict. */
const FIRST = 12
const LEAKS = [0.1, 0.2, 0.5]
const EACH_LEAK = 200
/** Today's verdict takes so long that it is looked at on every so many-th series. */
const EVERY = 60

/** The first round at which a rule says `grows`; Infinity: never. */
type Rule = (bytes: readonly number[]) => number

const rules: { name: string; rule: Rule; every: number }[] = [
  { name: '`tidemark run` and `soak`, live', rule: live, every: 1 },
  { name: 'the e-process alone', rule: evidence, every: 4 },
  { name: 'the verdict of `analyze` at 13 planned looks', rule: planned, every: 12 },
  { name: 'least squares, p < 0.05', rule: leastSquares, every: 1 },
  { name: 'last > 1.1 x first', rule: tenPercent, every: 1 },
  { name: 'the verdict of `analyze`, at every round', rule: today, every: EVERY },
]

const started = process.hrtime.bigint()
const drawn = KINDS.map((kind, k) => ({
  kind: kind as string,
  series: Array.from({ length: Number(each) }, (_, i) => seriesOf(kind, SEED + 100_000 * k + i, ROUNDS)),
}))
const recorded = [OWN, ...more].flatMap((file) => JSON.parse(readFileSync(file, 'utf8')) as RecordedSeries[])
const bounded = recorded.filter(({ truth }) => truth === 'bounded').map(toSeries)
const filling = recorded.filter(({ truth }) => truth === 'still-filling').map(toSeries)
const isSlow = ({ warmUpRounds }: LiveSeries) => warmUpRounds > ROUNDS / 3
const groups = [
  ...drawn.map(({ kind, series }) => ({ name: kind, series: series.filter((one) => !isSlow(one)) })),
  { name: 'all drawn', series: drawn.flatMap(({ series }) => series.filter((one) => !isSlow(one))) },
  { name: 'slow warm-ups', series: drawn.flatMap(({ series }) => series.filter(isSlow)) },
  { name: 'real, bounded', series: bounded },
  { name: 'real, still filling', series: filling },
]
const leaks = LEAKS.map((leak, k) =>
  Array.from({ length: EACH_LEAK }, (_, i) => leakOf(leak, SEED + 10_000_000 + 100_000 * k + i, 2 * ROUNDS)),
)
const rows = rules.map(({ name, rule, every }) => [
  name,
  ...groups.map(({ series }) => {
    const looked = series.filter((_, i) => i % every === 0)
    const alarms = looked.filter(({ bytes }) => rule(bytes) <= bytes.length).length
    return `${((100 * alarms) / looked.length).toFixed(1)} %`
  }),
  leaks.map((series) => median(series.filter((_, i) => i % every === 0).map((bytes) => rule(bytes)))).join(', '),
])
const seconds = Number(process.hrtime.bigint() - started) / 1e9
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const head = [
  'rule',
  ...groups.map(({ name, series }) => `${name} (${series.length})`),
  'median delay, leaks of .1, .2, .5 sigma',
]
const page = [
  '# A verdict that may be looked at after every round',
  '',
  `Made by \`npx jiti bench/verdict/live.ts ${[each, ...more.map((file) => file.replace(/^.*\/(?=[^/]+\/)/, ''))].join(' ')}\`, Node ${process.version}, ${seconds.toFixed(0)} s. Series that do not grow for ever, drawn ones of`,
  `${ROUNDS} rounds (bench/verdict/live-series.ts) and recorded ones of 60, looked at after every round from round ${FIRST} on: the share of`,
  'which `grows` is ever said. Slow warm-ups last longer than a third of the series; what still fills rises through most of what was',
  `seen. Leaks are of ${LEAKS.join(', ')} sigma a round under noise with a correlation of 0.3, ${EACH_LEAK} series each.`,
  `The verdict of \`analyze\` takes long: it and its delays are of every ${EVERY}th series, planned looks of every 12th.`,
  '',
  line(head),
  line(head.map(() => '---')),
  ...rows.map(line),
  '',
  ...costLines(),
  '',
].join('\n')
if (Number(each) >= 360) writeFileSync(RESULTS, page)
console.log(page)

function toSeries({ rss }: RecordedSeries): LiveSeries {
  return { bytes: rss.map((mib) => mib * MIB), warmUpRounds: 0 }
}

function live(bytes: readonly number[]): number {
  const verdict = new VerdictSoFar({ tolerance: undefined, unit: 'round' })
  for (const [i, value] of bytes.entries()) {
    verdict.add(roundOf(i, value))
    if (verdict.state === 'grows' || verdict.state === 'no longer level') return i + 1
  }
  return Number.POSITIVE_INFINITY
}

function roundOf(i: number, bytes: number) {
  return { round: i + 1, timeMs: 1000 * (i + 1), bytes, usedBytes: null, peakAboveBytes: 0, isRestart: false }
}

function evidence(bytes: readonly number[]): number {
  const growth = new GrowthEvidence()
  for (const [i, value] of bytes.entries()) {
    growth.add(value / MIB)
    if (growth.logE() >= Math.log(100)) return i + 1
  }
  return Number.POSITIVE_INFINITY
}

function planned(bytes: readonly number[]): number {
  for (const { round, alpha } of plannedLooks(bytes.length))
    if (analyzeRounds(bytes.slice(0, round), { alpha }).shape === 'grows') return round
  return Number.POSITIVE_INFINITY
}

/** One-sided 5 % of Student's t with so many degrees of freedom is 1.65 to 1.81. */
function leastSquares(y: readonly number[]): number {
  for (let n = FIRST; n <= y.length; n++) {
    const middle = (n - 1) / 2
    const part = y.slice(0, n)
    const level = part.reduce((sum, value) => sum + value, 0) / n
    const sxx = (n * (n * n - 1)) / 12
    const slope = part.reduce((sum, value, t) => sum + (t - middle) * (value - level), 0) / sxx
    const left = part.reduce((sum, value, t) => sum + (value - level - slope * (t - middle)) ** 2, 0)
    if (slope / Math.sqrt(left / (n - 2) / sxx) > 1.645 + 1.66 / (n - 2)) return n
  }
  return Number.POSITIVE_INFINITY
}

function tenPercent(bytes: readonly number[]): number {
  const at = bytes.findIndex((value, i) => i >= FIRST - 1 && value > 1.1 * bytes[0]!)
  return at < 0 ? Number.POSITIVE_INFINITY : at + 1
}

function today(bytes: readonly number[]): number {
  for (let n = FIRST; n <= bytes.length; n++) {
    const { shape, floorShape } = analyzeRounds(bytes.slice(0, n))
    if (shape === 'grows' || floorShape === 'grows') return n
  }
  return Number.POSITIVE_INFINITY
}

/** What a round costs, with its sentence and its rate, near the start and after 10,000 rounds. */
function costLines(): string[] {
  const verdict = new VerdictSoFar({ tolerance: undefined, unit: 'round' })
  const series = seriesOf('bounded walk', SEED, 10_000).bytes
  const times: number[] = []
  for (const [i, value] of series.entries()) {
    const before = process.hrtime.bigint()
    verdict.add(roundOf(i, value))
    verdict.verdict()
    times.push(Number(process.hrtime.bigint() - before) / 1e6)
  }
  const cost = (from: number, to: number) => median(times.slice(from, to)).toFixed(2)
  return [
    `A round with its sentence takes ${cost(100, 1100)} ms near the start and ${cost(9000, 10_000)} ms after 9000 rounds (median of 1000).`,
  ]
}
