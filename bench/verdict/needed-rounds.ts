/**
 * How often "about N more rounds should decide" holds: series are cut, and where the verdict on the cut one names a number of rounds,
 * the same series of that many rounds is judged. Writes bench/results/needed-rounds.md.
 *
 *     npx jiti bench/verdict/needed-rounds.ts [more series of 60 rounds, as series.json]
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MIB } from '../../src/shared/units.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { generateSeries, TRUTHS } from './generate.js'
import type { RecordedSeries } from './record-programs.js'

const RESULTS = fileURLToPath(new URL('../results/needed-rounds.md', import.meta.url))
const OWN = fileURLToPath(new URL('programs/series.json', import.meta.url))
const SEED = 2_100_000_000
const GOAL = 0.75

/** A series long enough to be cut, and where. */
interface Whole {
  group: string
  trials: number[][]
  gcRounds: number | undefined
  cuts: number[]
}

const drawn: Whole[] = TRUTHS.flatMap((truth, kind) =>
  Array.from({ length: 60 }, (_, i) => {
    const series = generateSeries(truth, SEED + 1000 * kind + i, { rounds: 200 })
    return { group: `drawn: ${truth}`, trials: series.trials, gcRounds: series.gcRounds, cuts: [8, 12, 16, 24, 36] }
  }),
)
const recorded: Whole[] = [OWN, ...process.argv.slice(2)].flatMap((file) =>
  (JSON.parse(readFileSync(file, 'utf8')) as RecordedSeries[]).map(({ rss, truth }) => ({
    group: `recorded: ${truth}`,
    trials: [rss.map((mib) => mib * MIB)],
    gcRounds: undefined,
    cuts: [8, 12, 16, 20, 25, 30, 40],
  })),
)

interface Claim {
  group: string
  because: string
  holds: boolean
}
const claims: Claim[] = [...drawn, ...recorded].flatMap((whole) =>
  whole.cuts.flatMap((cut) => {
    const judge = (rounds: number) =>
      analyzeRounds(
        whole.trials.map((one) => one.slice(0, rounds)),
        { gcRounds: whole.gcRounds },
      )
    const { shape, needsRounds, reason } = judge(cut)
    const isCheckable = needsRounds !== null && needsRounds <= whole.trials[0]!.length
    if (shape !== 'inconclusive' || !isCheckable) return []
    if (process.env.DEBUG) console.log(whole.group, cut, needsRounds, judge(needsRounds).shape, '|', reason)
    return [{ group: whole.group, because: reason.slice(0, 18), holds: judge(needsRounds).shape !== 'inconclusive' }]
  }),
)
const rows = [...new Set(claims.map(({ group }) => group)), 'drawn', 'recorded', ''].map((group) => {
  const own = claims.filter((claim) => claim.group.startsWith(group))
  const held = own.filter(({ holds }) => holds).length
  return `| ${[group === '' ? 'all' : group, own.length, `${((100 * held) / Math.max(1, own.length)).toFixed(1)} %`].join(' | ')} |`
})
const share = claims.filter(({ holds }) => holds).length / Math.max(1, claims.length)
const page = [
  '# How often "N more rounds should decide" holds',
  '',
  'Made by `npx jiti bench/verdict/needed-rounds.ts`. Drawn series of 200 rounds and the recordings of bench/verdict/programs are cut after 8 to 40',
  'rounds; where the verdict is inconclusive and says how many rounds it takes, that many are judged.',
  '',
  '| series | said | held |',
  '| --- | --- | --- |',
  ...rows,
  '',
  `Goal: at least ${100 * GOAL} %, or it is not said. ${share >= GOAL ? 'Met' : 'MISSED'}.`,
  '',
].join('\n')
writeFileSync(RESULTS, page)
console.log(page)
