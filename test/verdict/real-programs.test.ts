/**
 * Recorded series of real programs whose truth is known, and series that were judged wrongly before: the verdicts that each may get.
 * The series of bench/verdict/programs are recorded by bench/verdict/record-programs.ts; those of test/fixtures/verdict were recorded by others.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RecordedSeries } from '../../bench/verdict/record-programs.js'
import type { Analysis } from '../../src/verdict/shape/analysis.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'

const MIB = 2 ** 20
const FIXTURES = 'test/fixtures/verdict'

function judged({ rss }: Pick<RecordedSeries, 'rss'>): Analysis {
  return analyzeRounds(rss.map((mib) => mib * MIB))
}

const says = ({ shape, floorShape }: Analysis) => (floorShape === 'grows' ? 'grows' : shape)
const isFound = (one: Analysis) => says(one) === 'grows' || one.now.trend === 'rises'

describe.each([join(FIXTURES, 'series.json'), 'bench/verdict/programs/series.json'])(
  'of the recorded programs in %s',
  (file) => {
    const all = (JSON.parse(readFileSync(file, 'utf8')) as RecordedSeries[]).map((series) => ({
      series,
      analysis: judged(series),
    }))
    const of = (truth: RecordedSeries['truth']) => all.filter(({ series }) => series.truth === truth)
    const names = (some: typeof all) => some.map(({ series, analysis }) => `${series.id}: ${analysis.reason}`)

    it('at least 88 of 100 leaks are found: they grow, or rise now', () => {
      const missed = of('grows').filter(({ analysis }) => !isFound(analysis))
      expect(missed.length / of('grows').length, names(missed).join('\n')).toBeLessThanOrEqual(0.12)
    })

    it('of what is bounded at most 3 of 100 grow, and no leak is called level', () => {
      const grow = of('bounded').filter(({ analysis }) => says(analysis) === 'grows')
      expect(grow.length / of('bounded').length, names(grow).join('\n')).toBeLessThanOrEqual(0.03)
      expect(names(of('grows').filter(({ analysis }) => ['stable', 'settling'].includes(analysis.shape)))).toEqual([])
    })

    it('what still fills rises now, in 9 of 10', () => {
      const filling = of('still-filling')
      expect(filling.filter(({ analysis }) => isFound(analysis)).length).toBeGreaterThanOrEqual(0.9 * filling.length)
    })

    it('a level is where memory was at the end, within 5 %', () => {
      const off = all.filter(({ series, analysis: { shape, levelBytes } }) => {
        const end = (series.rss.slice(-5).reduce((sum, mib) => sum + mib, 0) / 5) * MIB
        return ['stable', 'settling'].includes(shape) && Math.abs(levelBytes! - end) > 0.05 * end
      })
      expect(names(off)).toEqual([])
    })
  },
)

/** What a careful reader says of each; the sentence has to have it too. */
const WANTED: Record<string, { verdict: object; reason?: RegExp; limitMib?: number }> = {
  '01-accelerating-quadratic.csv': {
    verdict: { shape: 'grows', now: { trend: 'rises' } },
    reason: /faster and faster/,
  },
  '03-late-onset-half.csv': { verdict: { shape: 'grows' }, reason: /^Grows since round 3[0-2], by 9\.9|10\.0 MiB/ },
  '04-fragmentation-real.csv': { verdict: { shape: 'grows', now: { trend: 'rises' } } },
  '05-node-leak-60.csv': { verdict: { now: { trend: 'rises' } }, reason: /^Still rises, by 7\d\d\.\d KiB a round/ },
  '06-node-leak-150-called-stable.csv': { verdict: { shape: 'inconclusive' } },
  '08-hash-table-doubles.csv': { verdict: { shape: 'grows' }, reason: /\+3[56]\.\d MiB in all/ },
  '10-leak-restart-leak.csv': { verdict: { shape: 'grows' }, reason: /within each life.*restarted at round 41/ },
  '12-8gib-5mib.csv': { verdict: { shape: 'grows', slow: true }, reason: /^Grows slowly, by 5\.0 MiB a round/ },
  '13-200mib-1000-rounds.csv': { verdict: { shape: 'grows', slow: true } },
  '14-iterations-of-1000.csv': { verdict: { shape: 'grows', slow: false } },
  '16-settles-at-the-intercept.csv': { verdict: { shape: 'inconclusive', asymptoteBytes: null } },
  '17-zipf-600.csv': { verdict: { shape: 'grows', slow: true } },
  '19-lru-full-at-45-of-150.csv': {
    verdict: { shape: 'settling' },
    reason: /^Settled at 89\.\d MiB from round 4[5-8] on/,
  },
  '20-teeth-that-climb.csv': { verdict: { shape: 'sawtooth', floorShape: 'stable' }, reason: /its teeth growing by/ },
  '21-stairs-that-never-fall.csv': { verdict: { shape: 'grows' } },
  '22-stairs-down.csv': { verdict: { shape: 'falls' }, reason: /^Falls in steps.*420\.\d MiB at the end/ },
  '25-alternate-step-ends-wrong.csv': { verdict: {}, reason: /8[4-7]\.\d MiB/ },
}

describe('of a series that was judged wrongly', () => {
  const truths = JSON.parse(readFileSync(join(FIXTURES, 'misjudged/truth.json'), 'utf8')) as {
    file: string
    truth: string
    wanted: string
  }[]

  it.each(truths)('$file, which $truth, gets the verdict $wanted', ({ file }) => {
    const rows = readFileSync(join(FIXTURES, 'misjudged', file), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
    const rounds = rows
      .map((row) => row.split(',').map(Number))
      .map(([round, mib]) => ({ round: round!, bytes: mib! * MIB }))
    const found = analyzeRounds(rounds)
    const { verdict, reason } = WANTED[file]!
    expect(found, found.reason).toMatchObject(verdict)
    if (reason !== undefined) expect(found.reason).toMatch(reason)
    expect(found.levelBytes!).toBeGreaterThan(0)
  })
})
