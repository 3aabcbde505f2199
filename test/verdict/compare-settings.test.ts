import { describe, expect, it } from 'vitest'
import { bootstrapMedians } from '../../src/statistics/bootstrap-medians.js'
import { equivalence } from '../../src/statistics/tests/equivalence.js'
import { compareSettings, seededRandom } from '../../src/verdict/difference/compare-settings.js'
import { adjustForSeveral } from '../../src/verdict/difference/difference.js'
import { randomDraws, shareOf } from '../statistics/random-draws.js'

const a = [612.4, 623.1, 598.7, 640.2]
const b = [166.2, 168.9, 164.4, 167.3]
const c = [12.1, 13.4, 11.8, 15.2, 12.9]
const d = [13.0, 16.1, 14.4, 12.9, 17.5, 15.0]

describe('the test of equivalence against scipy 1.17.1 (two ttest_ind with equal_var=False)', () => {
  it.each([
    [a, b, 450, 0.5785815106950278],
    [a, b, 500, 0.005688628074592262],
    [c, d, 1, 0.7717753441991914],
    [c, d, 4, 0.020317319334996566],
    [d, c, 4, 0.020317319334996566],
  ])('%j %j within %d', (x, y, margin, pValue) => {
    expect(equivalence(x, y, margin)).toBeCloseTo(pValue, 12)
  })

  it('finds at most 5 % equal, over 4,000 draws at the very margin, and most at four times the error', () => {
    const draws = randomDraws(11)
    const said = (shift: number, n: number) =>
      shareOf(
        4000,
        () =>
          equivalence(
            draws.normals(n),
            draws.many(n, () => shift + draws.normal()),
            2,
          )! < 0.05,
      )
    expect(said(2, 4)).toBeLessThan(0.055)
    expect(said(2, 8)).toBeGreaterThan(0.04)
    expect(said(2, 8)).toBeLessThan(0.06)
    expect(said(0, 10)).toBeGreaterThan(0.95)
  })
})

describe('the bootstrap of a difference of medians', () => {
  // scipy 1.17.1 bootstrap(method='percentile', n_resamples=200000, rng=default_rng(1))
  it.each([
    [a, b, -473.45, -431.95, 0.5],
    [c, [20.3, 25.1, 22.2, 28.7, 24.0, 21.1, 26.4], 7.4, 14.3, 0.06],
  ])('agrees with scipy on %j %j', (x, y, low, high, within) => {
    const found = bootstrapMedians(x, y, { level: 0.95, draws: 20_000, random: seededRandom(3) })
    expect(Math.abs(found.low - low)).toBeLessThan(within)
    expect(Math.abs(found.high - high)).toBeLessThan(within)
  })

  it('covers 93 to 98 % with five trials that scatter alike, and too little where one setting does not scatter', () => {
    const draws = randomDraws(12)
    const random = seededRandom(5)
    const covered = (other: () => number, n: number) =>
      shareOf(2000, () => {
        const found = bootstrapMedians(draws.normals(n), draws.many(n, other), { level: 0.95, draws: 300, random })
        return found.low <= 0 && found.high >= 0
      })
    expect(covered(draws.normal, 5)).toBeGreaterThan(0.93)
    expect(covered(draws.normal, 5)).toBeLessThan(0.98)
    // Why Welch's interval is the one that decides.
    expect(covered(() => 0.001 * draws.normal(), 4)).toBeLessThan(0.92)
  })
})

describe('two settings', () => {
  it('tell the size of the effect first, in bytes, as a share and in words', () => {
    expect(compareSettings(a, b)).toMatchObject({ effect: 'complete', delta: -1, decision: 'lower' })
    const { change, share, medianInterval } = compareSettings(a, b)
    expect(change).toBeCloseTo(-451, 5)
    expect(share).toBeCloseTo(-0.73, 2)
    expect(medianInterval!.low).toBeLessThan(-451)
    expect(medianInterval!.high).toBeGreaterThan(-451)
    expect(compareSettings(a, a)).toMatchObject({ effect: 'none', change: 0 })
    expect(compareSettings([1, 2, 3, 4], [1.1, 2.1, 3.1, 4.1]).effect).toBe('small')
  })

  it('are never the same because a p-value is large', () => {
    const noisy = compareSettings([600, 700, 500, 650], [610, 690, 520, 640])
    expect(noisy.pValue).toBeGreaterThan(0.8)
    expect(noisy.decision).toBe('undecided')
    const steady = compareSettings([600, 601, 599, 600], [600.5, 601, 599.4, 600.2])
    expect(steady).toMatchObject({ decision: 'equivalent', equivalence: { margin: 12 } })
  })

  it('cannot be decided with three trials', () => {
    expect(compareSettings([1, 2, 3], [101, 102, 103, 104])).toMatchObject({
      decision: 'too few trials',
      interval: null,
    })
  })

  it('differ falsely in 4 to 6 % of 4,000 draws, and in at most that many sets of five that were adjusted', () => {
    const draws = randomDraws(13)
    // The bootstrap decides nothing.
    const options = { margin: 0, bootstrapDraws: 1 }
    const differs = (one: { decision: string } | null) => one?.decision === 'lower' || one?.decision === 'higher'
    const alone = shareOf(4000, () => differs(compareSettings(draws.normals(5), draws.normals(5), options)))
    expect(alone).toBeGreaterThan(0.04)
    expect(alone).toBeLessThan(0.06)
    const several = shareOf(2000, () => {
      const baseline = draws.normals(5)
      const settings = Array.from({ length: 5 }, () => draws.normals(5))
      return adjustForSeveral(settings.map((one) => compareSettings(baseline, one, options))).some(differs)
    })
    expect(several).toBeLessThan(0.06)
  })
})
