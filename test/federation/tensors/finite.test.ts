import fc from 'fast-check'
import { expect, it } from 'vitest'
import { firstNonFinite } from '../../../src/federation/tensors/value-loops.js'

const NON_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const TYPES = [Float32Array, Float64Array]

it('finds the first value that is NaN or infinite, wherever it is in the stretch', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TYPES),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.tuple(fc.nat(39), fc.constantFrom(...NON_FINITE)), { maxLength: 4 }),
      fc.nat(20),
      (Type, length, spoilt, start) => {
        const data = new Type(Array.from({ length }, (_, i) => i - length / 2))
        for (const [index, value] of spoilt) if (index < length) data[index] = value
        const expected = [...data].findIndex((value, index) => index >= start && !Number.isFinite(value))
        expect(firstNonFinite(data, start)).toBe(expected)
      },
    ),
  )
})

it('takes infinities of both signs for what they are, though they have no sum', () => {
  expect(firstNonFinite(Float32Array.of(1, Number.POSITIVE_INFINITY, 0, 0, 0, Number.NEGATIVE_INFINITY))).toBe(1)
})

it.each(TYPES)(
  'takes the largest values of a type for finite, though those of float64 add up to infinity (%o)',
  (Type) => {
    const largest = Type === Float32Array ? (2 - 2 ** -23) * 2 ** 127 : Number.MAX_VALUE
    const data = new Type(1001).fill(largest)
    expect(firstNonFinite(data)).toBe(-1)
    data[1000] = Number.NaN
    expect(firstNonFinite(data)).toBe(1000)
  },
)
