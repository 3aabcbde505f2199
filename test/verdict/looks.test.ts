import { describe, expect, test } from 'vitest'
import { welch } from '../../src/statistics/tests/welch.js'
import { adjustForLooks, type Looks, shareOfEarlyStop, shareOfLook } from '../../src/verdict/looks.js'
import { randomDraws } from '../statistics/random-draws.js'

const LOOKS: Looks = { first: 4, last: 12 }

describe('looks after every round of trials', () => {
  test('share the whole error between them, most of it for the last', () => {
    const shares = Array.from({ length: 9 }, (_, i) => shareOfLook(4 + i, LOOKS))
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1)
    expect(shares.at(-1)).toBeGreaterThan(0.25)
    expect(shares[0]).toBeLessThan(0.002)
    expect(shareOfEarlyStop(4, LOOKS)).toBeCloseTo(1 / 9)
  })

  test('one look has all of it, and none is made before the first', () => {
    expect(shareOfLook(5, { first: 5, last: 5 })).toBe(1)
    expect(shareOfLook(3, LOOKS)).toBe(0)
    expect(adjustForLooks(0, 0)).toBe(1)
  })

  test('find a difference in at most 5 of 100 pairs without one, where unadjusted looks find more than 10', () => {
    const random = randomDraws(11)
    let adjusted = 0
    let unadjusted = 0
    for (let pair = 0; pair < 1000; pair++) {
      const a = random.normals(12)
      const b = random.normals(12)
      const pValues = Array.from({ length: 9 }, (_, i) => welch(a.slice(0, 4 + i), b.slice(0, 4 + i), 0.95)!.pValue)
      if (pValues.some((pValue, i) => adjustForLooks(pValue, shareOfLook(4 + i, LOOKS)) < 0.05)) adjusted++
      if (pValues.some((pValue) => pValue < 0.05)) unadjusted++
    }
    expect(adjusted).toBeLessThanOrEqual(50)
    expect(adjusted).toBeGreaterThan(10)
    expect(unadjusted).toBeGreaterThan(100)
  })
})
