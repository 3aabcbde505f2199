import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addTerm, firstNonFinite, mixWords, writePair, writeSums } from '../../../src/federation/tensors/value-loops.js'
import type { TensorData } from '../../../src/federation/tensors/weights.js'

const TYPES = [Float32Array, Float64Array]

/** Values at any place of a larger buffer, as tensors and blocks of files lie. */
function values(
  Type: (typeof TYPES)[number],
  { length, offset, seed }: { length: number; offset: number; seed: number },
) {
  const buffer = new ArrayBuffer((length + offset) * Type.BYTES_PER_ELEMENT)
  const made: TensorData = new Type(buffer, offset * Type.BYTES_PER_ELEMENT, length)
  for (let i = 0; i < length; i++) made[i] = Math.sin(i * seed + seed) * 10 ** (((i * seed) % 60) - 30)
  return made
}

const stretch = fc.record({
  Type: fc.constantFrom(...TYPES),
  length: fc.integer({ min: 1, max: 500 }),
  offset: fc.nat(9),
  start: fc.nat(500),
  seed: fc.integer({ min: 1, max: 1000 }),
})

it('finds the first value that is not finite', () => {
  const bad = fc.array(fc.tuple(fc.nat(499), fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY)), { maxLength: 3 })
  fc.assert(
    fc.property(stretch, bad, ({ Type, length, offset, start, seed }, spoilt) => {
      const data = values(Type, { length, offset, seed })
      for (const [index, value] of spoilt) if (index < length) data[index] = value
      const first = data.findIndex((value, index) => index >= start && !Number.isFinite(value))
      expect(firstNonFinite(data, start, length)).toBe(first)
    }),
  )
})

it('calls values finite whose sum is not', () => {
  const data = new Float64Array(9).fill(Number.MAX_VALUE)
  expect(firstNonFinite(data)).toBe(-1)
  data[7] = Number.POSITIVE_INFINITY
  expect(firstNonFinite(data)).toBe(7)
})

it('adds and writes sums as one expression a value does, also in place', () => {
  const share = fc.double({ min: -2, max: 2, noNaN: true })
  const place = fc.constantFrom('apart', 'first', 'second')
  fc.assert(
    fc.property(stretch, share, share, place, ({ Type, length, offset, start: from, seed }, p, q, where) => {
      const start = from % length
      const a = { share: p, data: values(Type, { length, offset, seed }) }
      const b = { share: q, data: values(Type, { length, offset: 0, seed: seed + 1 }) }
      const [x, y] = [a.data.slice(), b.data.slice()]
      const sums = new Float64Array(length - start)
      addTerm(sums, b, start, length)
      const expectedSums = Float64Array.from(sums, (_, i) => 0 + q * y[start + i]!)
      expect(sums).toEqual(expectedSums)
      const second = new Type(length)
      writeSums(second, sums, [a, b], { start, end: length })
      const target = { apart: new Type(length), first: a.data, second: b.data }[where]
      writePair(target, [a, b], start, length)
      for (let i = start; i < length; i++) {
        expect(target[i]).toBe(new Type([p * x[i]! + q * y[i]!])[0])
        expect(second[i]).toBe(new Type([sums[i - start]! + p * x[i]! + q * y[i]!])[0])
      }
    }),
  )
})

it('mixes every word into its lane, in any pieces, as 64-bit integers do', () => {
  const words = fc.uint32Array({ minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(words, fc.nat(300), (given, cut) => {
      const lanes = new Uint32Array(32)
      const at = Math.min(cut, given.length)
      mixWords(lanes, given, 0, at)
      mixWords(lanes, given, at, given.length)
      const expected = new Array<bigint>(32).fill(0n)
      for (const [i, word] of given.entries()) {
        const lane = (expected[i % 32]! + BigInt(word) * 0x85ebca77n) & 0xffffffffn
        expected[i % 32] = ((((lane << 13n) | (lane >> 19n)) & 0xffffffffn) * 0x9e3779b1n) & 0xffffffffn
      }
      expect([...lanes].map(BigInt)).toEqual(expected)
    }),
  )
})
