import fc from 'fast-check'
import { expect, it } from 'vitest'
import { combineTensor } from '../../../src/federation/aggregation/weighted-sum.js'

// Longer than two blocks and no multiple of one, so that every loop has a rest.
const LENGTH = 20_000

function tensor(seed: number): Float64Array {
  return Float64Array.from({ length: LENGTH }, (_, i) => Math.sin(i * seed + seed))
}

it('is keep * current + the sum of share * data, for any number of terms', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(0, 1, 0.3, -0.5),
      (shares, keep) => {
        const terms = shares.map((share, index) => ({ share, data: tensor(index + 1) }))
        const current = tensor(99)
        const target = new Float64Array(LENGTH)
        combineTensor(target, { terms, current, keep })
        for (const i of [0, 1, 8191, 8192, LENGTH - 1]) {
          const expected = terms.reduce((sum, { share, data }) => sum + share * data[i]!, keep * current[i]!)
          expect(target[i]).toBeCloseTo(expected, 12)
        }
      },
    ),
    { numRuns: 30 },
  )
})

it('may write into the first term', () => {
  const terms = [1, 2, 3].map((seed) => ({ share: seed / 6, data: tensor(seed) }))
  const apart = new Float64Array(LENGTH)
  combineTensor(apart, { terms, current: apart, keep: 0 })
  combineTensor(terms[0]!.data, { terms, current: apart, keep: 0 })
  expect(terms[0]!.data).toEqual(apart)
})

it('rounds a float32 sum once, not at every term', () => {
  const terms = [2 ** 24, 1, 1].map((value) => ({ share: 1, data: Float32Array.of(value) }))
  const target = new Float32Array(1)
  combineTensor(target, { terms, current: target, keep: 0 })
  // A float32 running sum would have lost both ones.
  expect(target[0]).toBe(2 ** 24 + 2)
})

it.each([1, 2, 3, 4, 5, 6])(
  'adds %i terms in their order, value by value, whatever the length of the tensor',
  (count) => {
    for (const length of [1, 2, 3, 4, 5, 8193]) {
      const terms = Array.from({ length: count }, (_, index) => ({ share: 0.1 + index, data: tensor(index + 1) }))
      const target = new Float64Array(length)
      combineTensor(target, { terms, current: target, keep: 0 })
      const expected = target.map((_, i) => terms.reduce((sum, { share, data }) => sum + share * data[i]!, 0))
      expect(target).toEqual(expected)
    }
  },
)
