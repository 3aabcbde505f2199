import { describe, expect, it } from 'vitest'
import { studentTTwoSided } from '../../src/statistics/distributions/student-t.js'
import { tMixtureCdf, tMixtureQuantile } from '../../src/statistics/distributions/t-mixture.js'
import { AutoregressiveRegression } from '../../src/statistics/regression/autoregressive-regression.js'
import { changePoints } from '../../src/statistics/regression/change-points.js'
import { solveNormalEquations } from '../../src/statistics/regression/normal-equations.js'
import { ratioOfMeans } from '../../src/statistics/tests/ratio-of-means.js'
import { analyzeRounds } from '../../src/verdict/shape/analyze-rounds.js'
import { trendOf } from '../../src/verdict/shape/trend.js'
import { randomDraws, shareOf } from './random-draws.js'

const y = [612.4, 623.1, 598.7, 640.2, 655.0, 631.8, 660.3, 671.9, 668.4, 690.1]
const level = y.map(() => 1)
const rounds = y.map((_, t) => t - 4.5)

describe('generalised least squares with lag-1 correlation', () => {
  // scipy 1.17.1: linalg.lstsq on columns whitened by linalg.cholesky of linalg.toeplitz(rho**t) / (1 - rho²); numpy 2.4.6 slogdet
  it.each([
    [0, 645.19, 8.603030303030321, 1416.2482424242385, 0.1, 0.012121212121212121, 6.715383386334681],
    [
      0.3, 645.6684210526312, 8.609606817741701, 1892.731929755236, 0.18796992481203, 0.0193685841564981,
      5.61557620224511,
    ],
    [
      0.6, 646.5884615384617, 8.61920903954802, 2609.277673359405, 0.48076923076923, 0.0353107344632768,
      4.07593616253874,
    ],
    [0.95, 649.9875, 8.632748127340827, 3755.3616275924446, 8.33333333333333, 0.0936329588014981, 0.24810929733195],
  ])('agrees with scipy at a correlation of %d', (rho, mean, slope, residual, varianceOfMean, varianceOfSlope, det) => {
    const fit = new AutoregressiveRegression([level, rounds], y).fit(rho)!
    expect(fit.coefficients[0]).toBeCloseTo(mean, 8)
    expect(fit.coefficients[1]).toBeCloseTo(slope, 9)
    expect(fit.residual / residual).toBeCloseTo(1, 9)
    expect(fit.variances[0]).toBeCloseTo(varianceOfMean, 10)
    expect(fit.variances[1]).toBeCloseTo(varianceOfSlope, 10)
    expect(fit.logDeterminant).toBeCloseTo(det, 9)
  })

  it('rejects a true slope in 4 to 6 of 100 cases at 5 %, with the correlation known', () => {
    const draws = randomDraws(29)
    const t = Array.from({ length: 25 }, (_, i) => i - 12)
    const ones = t.map(() => 1)
    const rejected = shareOf(20_000, () => {
      const noise = correlated(draws, 25, 0.5)
      const { coefficients, residual, variances } = new AutoregressiveRegression([ones, t], noise).fit(0.5)!
      return studentTTwoSided(coefficients[1]! / Math.sqrt((residual / 23) * variances[1]!), 23) < 0.05
    })
    expect(rejected).toBeGreaterThan(0.04)
    expect(rejected).toBeLessThan(0.06)
  })

  it('gives no answer where one column is another one', () => {
    expect(new AutoregressiveRegression([level, level.map((one) => 2 * one)], y).fit(0.3)).toBeUndefined()
    expect(solveNormalEquations([1, 1, 1, 1, 1, 1, 1, 1, 3], 2)).toBeUndefined()
  })
})

it.each([
  // numpy 2.4.6: the least sum of squares over all itertools.combinations with three values or more in each segment
  [1, [9]],
  [2, [4, 9]],
  [3, [3, 6, 9]],
])('the best places for %d level shifts are those of a search through all of them', (shifts, places) => {
  const values = [5.1, 4.9, 5.3, 5.0, 7.9, 8.2, 8.0, 8.1, 8.3, 3.2, 3.0, 2.9, 3.1, 3.3]
  expect(changePoints(values, 3, 3)[shifts - 1]).toEqual(places)
})

it('a mixture of t distributions agrees with scipy 1.17.1: a weighted sum of stats.t.cdf, and optimize.brentq of it', () => {
  const mixture = [
    { weight: 0.5, centre: 1, scale: 0.5, degreesOfFreedom: 5 },
    { weight: 0.3, centre: -0.4, scale: 1.2, degreesOfFreedom: 12 },
    { weight: 0.2, centre: 2.5, scale: 0.1, degreesOfFreedom: 3.5 },
  ]
  expect(tMixtureCdf(mixture, -2)).toBeCloseTo(0.03153926620370672, 12)
  expect(tMixtureCdf(mixture, 0)).toBeCloseTo(0.2137941852767459, 12)
  expect(tMixtureCdf(mixture, 2.45)).toBeCloseTo(0.8509752593478446, 12)
  expect(tMixtureQuantile(mixture, 0.025)).toBeCloseTo(-2.17761942814374, 9)
  expect(tMixtureQuantile(mixture, 0.5)).toBeCloseTo(0.9763767951821694, 9)
  expect(tMixtureQuantile(mixture, 0.975)).toBeCloseTo(2.676696053669797, 9)
})

it.each([
  [
    [612.4, 623.1, 598.7, 640.2],
    [166.2, 168.9, 164.4, 167.3],
    0.2694794697704494,
    0.2583986635933744,
    0.2814053771628339,
  ],
  [
    [12.1, 13.4, 11.8, 15.2, 12.9],
    [13.0, 16.1, 14.4, 12.9, 17.5, 15.0],
    1.1327726809378185,
    0.9709550260357012,
    1.3193607201078597,
  ],
])(
  "Fieller's interval of a ratio of means %j and %j agrees with scipy 1.17.1 optimize.brentq of its equation",
  (a, b, ratio, low, high) => {
    const found = ratioOfMeans(a, b, 0.95)!
    expect(found.ratio).toBeCloseTo(ratio, 12)
    expect(found.low).toBeCloseTo(low, 10)
    expect(found.high).toBeCloseTo(high, 10)
  },
)

describe('the 95 % interval of the slope, over 2,000 draws', () => {
  const slope = 0.2
  const series = (draws: ReturnType<typeof randomDraws>, correlation: number) => {
    const length = 20 + Math.floor(21 * draws.uniform())
    return correlated(draws, length, correlation).map((noise, t) => 600 + noise + slope * t)
  }
  const covers = ({ low, high }: { low: number; high: number }, unit = 1) => low <= slope * unit && high >= slope * unit

  it('covers 93 to 97 of 100 true slopes where the correlation may be anything from 0 to 0.6', () => {
    const draws = randomDraws(31)
    const covered = shareOf(2000, () => {
      const bytes = series(draws, 0.6 * draws.uniform())
      return covers(trendOf([{ rounds: bytes.map((_, t) => t + 1), bytes, others: [] }], 1e-6)!)
    })
    expect(covered).toBeGreaterThan(0.93)
    expect(covered).toBeLessThan(0.97)
  })

  it.each([
    [0, 0.96, 0.995],
    [0.6, 0.92, 0.97],
  ])(
    'is wider than it had to be for noise that is independent, and narrower for noise that is not: at %d',
    (rho, least, most) => {
      const draws = randomDraws(32)
      const covered = shareOf(2000, () => {
        const bytes = series(draws, rho)
        return covers(trendOf([{ rounds: bytes.map((_, t) => t + 1), bytes, others: [] }], 1e-6)!)
      })
      expect(covered).toBeGreaterThan(least)
      expect(covered).toBeLessThan(most)
    },
  )

  it('as it is printed, after the choice of a shape, covers 93 to 97 of 100', () => {
    const draws = randomDraws(33)
    // A curve that is taken for a warm-up not watched to its end has no slope that could be printed.
    let printed = 0
    const covered = shareOf(2100, () => {
      const bytes = series(draws, 0.6 * draws.uniform()).map((value) => value * 2 ** 20)
      const found = analyzeRounds(bytes, { gcRounds: 0 }).slopeBytesPerRound
      if (found !== null) printed++
      return found !== null && covers(found, 2 ** 20)
    })
    expect(printed).toBeGreaterThan(2000)
    expect((covered * 2100) / printed).toBeGreaterThan(0.93)
    expect((covered * 2100) / printed).toBeLessThan(0.97)
  }, 120_000)
})

/** Stationary noise of standard deviation 1 with this lag-1 correlation. */
function correlated(draws: ReturnType<typeof randomDraws>, length: number, correlation: number): number[] {
  let before = draws.normal()
  return Array.from({ length }, (_, t) => {
    if (t > 0) before = correlation * before + Math.sqrt(1 - correlation ** 2) * draws.normal()
    return before
  })
}
