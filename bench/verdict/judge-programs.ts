/**
 * The verdicts on the recorded programs of bench/verdict/programs, beside other methods. Writes bench/results/verdicts-on-programs.md.
 *
 *     npx jiti bench/verdict/judge-programs.ts [series.json] [python with apache-otava]
 *
 * Otava is asked where a Python is named that has it (python3 -m venv V && V/bin/pip install apache-otava==0.8.0).
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MIB } from '../../src/shared/units.js'
import { median } from '../../src/statistics/median.js'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import type { RecordedSeries } from './record-programs.js'

const OWN = fileURLToPath(new URL('programs/series.json', import.meta.url))
const RESULTS = fileURLToPath(new URL('../results/verdicts-on-programs.md', import.meta.url))
const [file = OWN, python] = process.argv.slice(2)
const all = JSON.parse(readFileSync(file, 'utf8')) as RecordedSeries[]

const analyses = all.map(({ rss }) => analyzeRounds(rss.map((mib) => mib * MIB)))
const grows = ({ shape, floorShape }: Analysis) => shape === 'grows' || floorShape === 'grows'
const otava = python === undefined ? undefined : otavaAlarms(python)
interface Method {
  name: string
  alarms: boolean[]
}
const peers: Method[] = [
  { name: 'Mann-Kendall, one-sided 5 %', alarms: all.map(({ rss }) => mannKendallZ(rss) > 1.645) },
  { name: 'least squares, one-sided p < 0.05', alarms: all.map(({ rss }) => leastSquaresT(rss) > 1.672) },
  {
    name: 'Theil-Sen on rounds 21 to 60, interval above 0.1 % of the level a round',
    alarms: all.map(({ rss }) => theilSenLow(rss.slice(20)) > 0.001 * median(rss.slice(20))),
  },
  ...(otava === undefined ? [] : [{ name: 'Otava 0.8.0 (window 30, p 0.001), a change upwards', alarms: otava }]),
]
const own: Method[] = [
  { name: 'Tidemark: `grows`', alarms: analyses.map(grows) },
  { name: 'Tidemark: `grows`, or now `rises`', alarms: analyses.map((one) => grows(one) || one.now.trend === 'rises') },
]
const share = (truth: RecordedSeries['truth'], of: readonly boolean[]) => {
  const places = all.flatMap((series, i) => (series.truth === truth ? [i] : []))
  return (100 * places.filter((i) => of[i]).length) / Math.max(1, places.length)
}
const count = (truth: RecordedSeries['truth']) => all.filter((series) => series.truth === truth).length
const rows = [...peers, ...own].map(({ name, alarms }) => {
  const wrong = share('bounded', alarms)
  const missed = 100 - share('grows', alarms)
  return `| ${[name, ...[wrong, missed, wrong + missed, share('still-filling', alarms)].map((value) => `${value.toFixed(1)} %`)].join(' | ')} |`
})
const both = share('bounded', own[0]!.alarms) + 100 - share('grows', own[1]!.alarms)
const denied = all.filter(
  ({ truth }, i) => truth === 'grows' && ['stable', 'settling'].includes(analyses[i]!.shape),
).length
const page = [
  '# Verdicts on real programs, beside other methods',
  '',
  `Made by \`npx jiti bench/verdict/judge-programs.ts\` on ${all.length} recordings of 60 rounds of ${new Set(all.map(({ program }) => program)).size} small programs in`,
  `Python, Node and C (bench/verdict/programs), one trial each: ${count('grows')} of programs that grow, ${count('bounded')} of bounded ones, ${count('still-filling')} of bounded ones that rise`,
  'through most of what was seen. The method was tuned on other series; these were recorded to check it.',
  '',
  '| method | false growth of bounded programs | leaks missed | sum | alarms on what still fills |',
  '| --- | --- | --- | --- | --- |',
  ...rows,
  '',
  `As the verdict is to be read, growth for ever by the shape, and leaks found by the shape or by what memory does now: ${share('bounded', own[0]!.alarms).toFixed(1)} % + ${(100 - share('grows', own[1]!.alarms)).toFixed(1)} % = ${both.toFixed(1)} %. Leaks called stable or settling: ${denied}.`,
  '',
].join('\n')
if (file === OWN) writeFileSync(RESULTS, page)
console.log(page)

/** Of Mann (1945), Econometrica 13, with Kendall's correction for ties. */
function mannKendallZ(y: readonly number[]): number {
  let s = 0
  for (let i = 0; i < y.length; i++) for (let j = i + 1; j < y.length; j++) s += Math.sign(y[j]! - y[i]!)
  const n = y.length
  const ties = [...new Set(y)].map((value) => y.filter((other) => other === value).length)
  const variance = (n * (n - 1) * (2 * n + 5) - ties.reduce((sum, t) => sum + t * (t - 1) * (2 * t + 5), 0)) / 18
  return variance === 0 ? 0 : (s - Math.sign(s)) / Math.sqrt(variance)
}

function leastSquaresT(y: readonly number[]): number {
  const n = y.length
  const middle = (n - 1) / 2
  const level = y.reduce((sum, value) => sum + value, 0) / n
  const sxx = (n * (n * n - 1)) / 12
  const slope = y.reduce((sum, value, t) => sum + (t - middle) * (value - level), 0) / sxx
  const left = y.reduce((sum, value, t) => sum + (value - level - slope * (t - middle)) ** 2, 0)
  return left === 0 ? Math.sign(slope) * Number.POSITIVE_INFINITY : slope / Math.sqrt(left / (n - 2) / sxx)
}

/** Lower end of Sen's (1968) 95 % interval. */
function theilSenLow(y: readonly number[]): number {
  const slopes: number[] = []
  for (let i = 0; i < y.length; i++) for (let j = i + 1; j < y.length; j++) slopes.push((y[j]! - y[i]!) / (j - i))
  slopes.sort((a, b) => a - b)
  const n = y.length
  const reach = 1.96 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)
  return slopes[Math.max(0, Math.floor((slopes.length - reach) / 2))]!
}

function otavaAlarms(interpreter: string): boolean[] {
  const program = [
    'import json, sys',
    'from otava.analysis import compute_change_points',
    'out = []',
    'for rss in json.load(sys.stdin):',
    '    found = compute_change_points(rss, window_len=30, max_pvalue=0.001)',
    '    points = found[0] if isinstance(found, tuple) else found',
    '    out.append(any(p.stats.mean_2 > p.stats.mean_1 for p in points))',
    'print(json.dumps(out))',
  ].join('\n')
  const { stdout, stderr } = spawnSync(interpreter, ['-c', program], {
    input: JSON.stringify(all.map(({ rss }) => rss)),
    encoding: 'utf8',
    maxBuffer: 2 ** 24,
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as boolean[]
}
