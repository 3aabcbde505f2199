/**
 * The verdicts on the recorded programs of bench/verdict/programs, beside other methods. Writes bench/results/verdicts-on-programs.md.
 *
 *     npx jiti bench/verdict/judge-programs.ts [python with apache-otava [more series.json]]
 *
 * Otava is asked where a Python is named that has it (python3 -m venv V && V/bin/pip install apache-otava==0.8.0).
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MIB } from '../../src/shared/units.js'
import { median } from '../../src/statistics/median.js'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import type { RecordedSeries } from './record-programs.js'

const here = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
const RESULTS = fileURLToPath(new URL('../results/verdicts-on-programs.md', import.meta.url))
const [python, ...others] = process.argv.slice(2)

interface Method {
  name: string
  alarms: boolean[]
}

const grows = ({ shape, floorShape }: Analysis) => shape === 'grows' || floorShape === 'grows'
const page = [
  '# Verdicts on real programs, beside other methods',
  '',
  `Made by \`npx jiti bench/verdict/judge-programs.ts${python === undefined ? '' : ' V/bin/python'}\`. Recordings of 60 rounds of small programs in Python, Node and C (bench/verdict/programs), one trial each.`,
  '',
  ...section('Programs that were held out', here('series-services.json'), [
    'Written, recorded and judged after the method stood; nothing was changed for them: listeners, kept errors, an SQLite database in memory, memoized',
    'answers, sessions that end, threads, streams, a worker, WebAssembly, mappings, arenas and others.',
  ]),
  ...section('The first programs', here('series.json'), [
    'The method was tuned on other series; these were recorded to check it, and are known by now.',
  ]),
  ...others.flatMap((file) => section(`Series of ${basename(file)}`, file, [])),
].join('\n')
if (others.length === 0) writeFileSync(RESULTS, page)
console.log(page)

function section(title: string, file: string, about: string[]): string[] {
  const all = JSON.parse(readFileSync(file, 'utf8')) as RecordedSeries[]
  const analyses = all.map(({ rss }) => analyzeRounds(rss.map((mib) => mib * MIB)))
  const otava = python === undefined ? undefined : otavaAlarms(python, all)
  const methods: Method[] = [
    { name: 'Mann-Kendall, one-sided 5 %', alarms: all.map(({ rss }) => mannKendallZ(rss) > 1.645) },
    { name: 'least squares, one-sided p < 0.05', alarms: all.map(({ rss }) => leastSquaresT(rss) > 1.672) },
    {
      name: 'Theil-Sen on rounds 21 to 60, interval above 0.1 % of the level a round',
      alarms: all.map(({ rss }) => theilSenLow(rss.slice(20)) > 0.001 * median(rss.slice(20))),
    },
    ...(otava === undefined ? [] : [{ name: 'Otava 0.8.0 (window 30, p 0.001), a change upwards', alarms: otava }]),
    { name: 'Tidemark: `grows`', alarms: analyses.map(grows) },
    {
      name: 'Tidemark: `grows`, or now `rises`',
      alarms: analyses.map((one) => grows(one) || one.now.trend === 'rises'),
    },
  ]
  const count = (truth: RecordedSeries['truth']) => all.filter((series) => series.truth === truth).length
  const share = (truth: RecordedSeries['truth'], of: readonly boolean[]) =>
    (100 * all.filter((series, i) => series.truth === truth && of[i]).length) / Math.max(1, count(truth))
  const rows = methods.map(({ name, alarms }) => {
    const wrong = share('bounded', alarms)
    const missed = 100 - share('grows', alarms)
    const cells = [wrong, missed, wrong + missed, share('still-filling', alarms)].map(
      (value) => `${value.toFixed(1)} %`,
    )
    return `| ${[name, ...cells].join(' | ')} |`
  })
  const [byShape, found] = methods.slice(-2).map(({ alarms }) => alarms) as [boolean[], boolean[]]
  const [wrong, missed] = [share('bounded', byShape), 100 - share('grows', found)]
  const isLevel = ({ shape }: Analysis) => shape === 'stable' || shape === 'settling'
  const denied = all.filter(({ truth }, i) => truth === 'grows' && isLevel(analyses[i]!)).length
  const off = all.filter(({ rss }, i) => isLevel(analyses[i]!) && isFarOff(analyses[i]!.levelBytes! / MIB, rss)).length
  const programs = new Set(all.map(({ program }) => program)).size
  return [
    `## ${title}`,
    '',
    ...about,
    `${all.length} recordings of ${programs} programs: ${count('grows')} of programs that grow, ${count('bounded')} of bounded ones, ${count('still-filling')} of bounded ones that rise through most of what was seen.`,
    '',
    '| method | false growth of bounded programs | leaks missed | sum | alarms on what still fills |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `As the verdict is to be read, growth for ever by the shape, and leaks found by the shape or by what memory does now: ${wrong.toFixed(1)} % + ${missed.toFixed(1)} % = ${(wrong + missed).toFixed(1)} %.`,
    `Leaks called stable or settling: ${denied}. Levels off by more than 5 %: ${off}.`,
    '',
  ]
}

/** A level that is to be where memory was in the last five rounds. */
function isFarOff(levelMib: number, rss: readonly number[]): boolean {
  const end = rss.slice(-5).reduce((sum, value) => sum + value, 0) / 5
  return Math.abs(levelMib - end) > 0.05 * end
}

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

function otavaAlarms(interpreter: string, all: readonly RecordedSeries[]): boolean[] {
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
