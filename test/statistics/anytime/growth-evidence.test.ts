import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { GrowthEvidence } from '../../../src/statistics/anytime/growth-evidence.js'

interface Vector {
  name: string
  values: number[]
  logE: number[]
  below: number[]
}

/** Made with a NumPy 2.4.6 and SciPy 1.17.1 implementation that sums every row afresh; logarithms after 21, 41, 61 and 80 rows. */
const { series } = JSON.parse(
  readFileSync(new URL('../../fixtures/statistics/growth-evidence.json', import.meta.url), 'utf8'),
) as { series: Vector[] }
const AFTER = [21, 41, 61, 80]

describe.each(series)('evidence on the series "$name"', ({ values, logE, below }) => {
  test('is what SciPy finds, for growth and for growth below 0.1 a row', () => {
    const evidence = new GrowthEvidence()
    const found: number[] = []
    const foundBelow: number[] = []
    for (const [i, value] of values.entries()) {
      evidence.add(value)
      if (!AFTER.includes(i + 1)) continue
      found.push(evidence.logE())
      foundBelow.push(evidence.logE({ direction: -1, than: 0.1 }))
    }
    for (const [i, value] of logE.entries()) expect(found[i]).toBeCloseTo(value, 8)
    for (const [i, value] of below.entries()) expect(foundBelow[i]).toBeCloseTo(value, 8)
  })
})

test('evidence does not depend on the unit, nor on where zero is', () => {
  const [plain, shifted] = [new GrowthEvidence(), new GrowthEvidence()]
  for (const value of series[1]!.values) {
    plain.add(value)
    shifted.add(1000 * value + 1e6)
  }
  expect(shifted.logE()).toBeCloseTo(plain.logE(), 6)
})

test('there is none before four rows more than are fitted', () => {
  const evidence = new GrowthEvidence()
  for (const value of [1, 2, 4, 3, 5]) evidence.add(value)
  expect(evidence.logE()).toBe(Number.NEGATIVE_INFINITY)
})

test('a constant series is no growth, and a look at it is a number', () => {
  const evidence = new GrowthEvidence()
  for (let i = 0; i < 300; i++) evidence.add(42)
  expect(evidence.logE()).toBeLessThan(1)
})

test('values of 10,000 rows are as exact as those of few', () => {
  const evidence = new GrowthEvidence()
  let state = 1
  for (let i = 0; i < 10_000; i++) {
    state = (state * 48_271) % 2_147_483_647
    evidence.add(state / 2_147_483_647)
  }
  // A level series of independent values: evidence for growth sinks with the root of the rows, and stays a number.
  expect(evidence.logE()).toBeLessThan(0)
  expect(evidence.logE()).toBeGreaterThan(-30)
})
