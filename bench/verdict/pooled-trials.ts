/**
 * Whether more trials help: the recordings of one program as single trials, and all of them pooled as the trials of one setting. Writes
 * bench/results/pooled-trials.md.
 *
 *     npx jiti bench/verdict/pooled-trials.ts [more series.json]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MIB } from '../../src/shared/units.js'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import type { RecordedSeries } from './record-programs.js'

const RESULTS = fileURLToPath(new URL('../results/pooled-trials.md', import.meta.url))
const here = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
const files = [here('series.json'), ...process.argv.slice(2)]
/** Trials of one setting, as `compare` makes them by default. */
const POOL = 4

const all = files.flatMap((file, i) =>
  (JSON.parse(readFileSync(file, 'utf8')) as RecordedSeries[]).map((one) => ({
    ...one,
    program: `${i} ${one.program}`,
  })),
)
const isGrowth = ({ shape, floorShape }: Analysis) => shape === 'grows' || floorShape === 'grows'
const isFound = (analysis: Analysis) => isGrowth(analysis) || analysis.now.trend === 'rises'
const programs = [...new Set(all.map(({ program }) => program))].map((program) => {
  const own = all.filter((one) => one.program === program).slice(0, POOL)
  const trials = own.map(({ rss }) => rss.map((mib) => mib * MIB))
  return { truth: own[0]!.truth, single: trials.map((one) => analyzeRounds(one)), pooled: analyzeRounds(trials) }
})
const rows = (['grows', 'bounded', 'still-filling'] as const).map((truth) => {
  const own = programs.filter((one) => one.truth === truth)
  const share = (of: readonly Analysis[], holds: (analysis: Analysis) => boolean) =>
    `${((100 * of.filter(holds).length) / Math.max(1, of.length)).toFixed(1)} %`
  const single = own.flatMap((one) => one.single)
  const pooled = own.map((one) => one.pooled)
  const open = ({ shape }: Analysis) => shape === 'inconclusive'
  const cells = [isGrowth, isFound, open].flatMap((holds) => [share(single, holds), share(pooled, holds)])
  return `| ${[truth, own.length, ...cells].join(' | ')} |`
})
const page = [
  '# Do more trials help?',
  '',
  `Made by \`npx jiti bench/verdict/pooled-trials.ts\`: ${programs.length} programs whose truth is known, ${POOL} recordings of 60 rounds each, judged one by one and pooled.`,
  '',
  '| truth | programs | `grows`, single | pooled | `grows` or now `rises`, single | pooled | undecided, single | pooled |',
  '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ...rows,
  '',
].join('\n')
writeFileSync(RESULTS, page)
console.log(page)
