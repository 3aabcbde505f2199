import { describe, expect, it } from 'vitest'
import { cliffsDelta } from '../../src/statistics/tests/cliffs-delta.js'
import { holm } from '../../src/statistics/tests/holm.js'
import { mannWhitney } from '../../src/statistics/tests/mann-whitney.js'
import { ratioOfMeans } from '../../src/statistics/tests/ratio-of-means.js'
import { welch } from '../../src/statistics/tests/welch.js'
import { randomDraws, shareOf } from './random-draws.js'

const a = [612.4, 623.1, 598.7, 640.2]
const b = [166.2, 168.9, 164.4, 167.3]
const c = [12.1, 13.4, 11.8, 15.2, 12.9]
const d = [13.0, 16.1, 14.4, 12.9, 17.5, 15.0]

describe("Welch's test against scipy 1.10.1 ttest_ind(equal_var=False)", () => {
  it.each([
    [a, b, -451.9, 1.3222446314929494e-5, 3.0699381752127604, -479.58846127200724, -424.21153872799283],
    [c, d, 1.7366666666666664, 0.0999227188085637, 8.939285906083565, -0.4064632007540929, 3.8797965340874256],
  ])('%j %j', (x, y, difference, pValue, degreesOfFreedom, low, high) => {
    const result = welch(x, y, 0.95)!
    expect(result.difference).toBeCloseTo(difference, 10)
    expect(result.pValue).toBeCloseTo(pValue, 12)
    expect(result.degreesOfFreedom).toBeCloseTo(degreesOfFreedom, 10)
    expect(result.low).toBeCloseTo(low, 8)
    expect(result.high).toBeCloseTo(high, 8)
  })

  it('says nothing about one value, and nothing wrong about values without spread', () => {
    expect(welch([1], [1, 2], 0.95)).toBeUndefined()
    expect(welch([5, 5], [5, 5], 0.95)).toMatchObject({ difference: 0, pValue: 1 })
    expect(welch([5, 5], [7, 7], 0.95)).toMatchObject({ low: 2, high: 2, pValue: 0 })
  })
})

describe("Welch's interval at four trials, over 4,000 seeded draws", () => {
  const draws = randomDraws(41)
  const skewed = (sd: number) => () => sd * (draws.exponential() - 1)
  it.each([
    ['normal noise', draws.normal, draws.normal],
    ['one setting ten times steadier', draws.normal, () => 0.1 * draws.normal()],
    ['one setting without noise', draws.normal, () => 1e-6 * draws.normal()],
    ['skewed noise', skewed(1), skewed(1)],
    ['outliers in one of ten trials', draws.normal, () => draws.normal() * (draws.uniform() < 0.1 ? 8 : 1)],
  ])('covers 93 to 98 %% with %s', (_, one, other) => {
    const covered = shareOf(4000, () => {
      const { low, high } = welch(draws.many(4, one), draws.many(4, other), 0.95)!
      return low <= 0 && high >= 0
    })
    expect(covered).toBeGreaterThan(0.93)
    expect(covered).toBeLessThan(0.98)
  })
})

describe('the exact Mann-Whitney test', () => {
  it.each([
    // scipy 1.10.1 mannwhitneyu(method='exact'); with ties: all splits of scipy's rankdata.
    ['no overlap', a, b, 0, 0.02857142857142857],
    ['overlap', c, [13.0, 16.1, 14.4, 12.95, 17.5, 15.0], 24, 0.1255411255411255],
    ['ties', [1, 2, 2, 3, 5], [2, 4, 4, 6], 15, 0.24603174603174602],
  ])('gives the reference value with %s', (_, x, y, u, pValue) => {
    expect(mannWhitney(x, y).u).toBe(u)
    expect(mannWhitney(x, y).pValue).toBeCloseTo(pValue, 12)
  })

  it('never rejects at three against three', () => {
    expect(mannWhitney([1, 2, 3], [4, 5, 6]).pValue).toBeCloseTo(0.1, 12)
  })

  it('rejects 4 to 6 % at 5 % with groups of ten', () => {
    const draws = randomDraws(7)
    const rejected = shareOf(4000, () => mannWhitney(draws.normals(10), draws.normals(10)).pValue <= 0.05)
    expect(rejected).toBeGreaterThan(0.035)
    expect(rejected).toBeLessThan(0.06)
  })

  it('keeps its level with groups of different sizes', () => {
    const draws = randomDraws(8)
    const rejected = shareOf(4000, () => mannWhitney(draws.normals(3), draws.normals(9)).pValue <= 0.05)
    expect(rejected).toBeLessThan(0.06)
  })

  it('refuses samples too large to count', () => {
    expect(() => mannWhitney(new Array(30).fill(1), new Array(30).fill(2))).toThrow('expected 1 to 40 values in all')
  })
})

describe('the ratio of two means', () => {
  it('covers 93 to 97 % over 4,000 draws of five trials', () => {
    const draws = randomDraws(5)
    const covered = shareOf(4000, () => {
      const one = draws.normals(5).map((x) => 600 + 40 * x)
      const other = draws.normals(5).map((x) => 165 + 2 * x)
      const { low, high } = ratioOfMeans(one, other, 0.95)!
      return low <= 165 / 600 && high >= 165 / 600
    })
    expect(covered).toBeGreaterThan(0.93)
    expect(covered).toBeLessThan(0.97)
  })

  it('is undefined where the first mean does not differ significantly from zero', () => {
    expect(ratioOfMeans([-3, 4, 1, -2], [10, 11, 12, 13], 0.95)).toBeUndefined()
  })
})

it("Holm's adjustment multiplies by the tests that are left, and never falls", () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02])
  expect(holm([])).toEqual([])
})

it("Cliff's delta counts pairs", () => {
  expect(cliffsDelta(a, b)).toBe(-1)
  expect(cliffsDelta([1, 2, 3], [2, 2, 2])).toBe(0)
  expect(cliffsDelta([1, 2], [2, 3])).toBe(0.75)
})
