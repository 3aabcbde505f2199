import { expect, it } from 'vitest'
import { incompleteBeta } from '../../src/statistics/distributions/incomplete-beta.js'
import { logGamma } from '../../src/statistics/distributions/log-gamma.js'
import { studentTCdf, studentTQuantile, studentTTwoSided } from '../../src/statistics/distributions/student-t.js'
import { quantile } from '../../src/statistics/quantile.js'
import { sampleVariance } from '../../src/statistics/sample-variance.js'

it.each([
  // numpy 1.24.2 quantile(method='linear')
  [0, 1],
  [0.1, 1],
  [0.5, 3],
  [0.83, 4.98],
  [1, 9],
])('the %d quantile interpolates like type 7', (share, expected) => {
  expect(quantile([3, 1, 4, 1, 5, 9, 2.6], share)).toBeCloseTo(expected, 12)
})

it.each([
  // scipy 1.10.1 special.gammaln
  [0.1, 2.252712651734206],
  [4.5, 2.4537365708424423],
  [171.3, 708.1149470389971],
])('log gamma of %d', (x, expected) => {
  expect(logGamma(x)).toBeCloseTo(expected, 10)
})

it.each([
  // scipy 1.10.1 special.betainc
  [0.4, 2, 3, 0.5248],
  [0.1, 0.5, 0.5, 0.2048327646991335],
  [0.97, 30, 0.5, 0.1782175449702411],
  [0.55, 200, 150, 0.2084878008595939],
])('incomplete beta at %d with %d and %d', (x, a, b, expected) => {
  expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 11)
})

it("Student's t agrees with scipy 1.17.1 stats.t", () => {
  expect(studentTCdf(1.3, 2.5)).toBeCloseTo(0.849756605364646, 12)
  expect(studentTCdf(-4.2, 7)).toBeCloseTo(0.0020177799626099786, 12)
  expect(studentTTwoSided(2.2, 4.4)).toBeCloseTo(0.08648535707305215, 12)
  expect(studentTQuantile(0.975, 3)).toBeCloseTo(3.182446305284263, 10)
  expect(studentTQuantile(0.975, 1.7)).toBeCloseTo(5.118838989314295, 8)
  expect(studentTQuantile(0.01, 12)).toBeCloseTo(-2.680997993120915, 10) // scipy 1.10.1 is off in the tenth digit; so says the finite series of 12 degrees
})

it('one value has no variance', () => {
  expect(sampleVariance([4])).toBeNaN()
  expect(sampleVariance([2, 4, 9])).toBe(13)
})
