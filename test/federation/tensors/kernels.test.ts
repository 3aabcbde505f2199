import fc from 'fast-check'
import { expect, it } from 'vitest'
import { kernelsInC } from '../../../src/federation/tensors/kernels/in-c.js'
import { kernelsInJavaScript } from '../../../src/federation/tensors/kernels/in-javascript.js'
import type { TensorData } from '../../../src/federation/tensors/weights.js'
import { needs } from '../../optional-parts.js'

const inC = kernelsInC()

const TYPES = [Float32Array, Float64Array]

/** Longer than a stretch of the loop in C, at any place of a larger buffer, as tensors and blocks of files lie. */
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
  length: fc.integer({ min: 1, max: 5000 }),
  offset: fc.nat(9),
  start: fc.nat(5000),
  seed: fc.integer({ min: 1, max: 1000 }),
})

it('finds the same value that is not finite in C as in JavaScript', needs('C compiler', 'koffi'), () => {
  const bad = fc.array(fc.tuple(fc.nat(4999), fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY)), { maxLength: 3 })
  fc.assert(
    fc.property(stretch, bad, ({ Type, length, offset, start, seed }, spoilt) => {
      const data = values(Type, { length, offset, seed })
      for (const [index, value] of spoilt) if (index < length) data[index] = value
      const expected = kernelsInJavaScript.firstNonFinite(data, start, length)
      expect(inC!.firstNonFinite(data, start, length)).toBe(expected)
    }),
  )
})

it('sums have the same bits in C as in JavaScript, also in place', needs('C compiler', 'koffi'), () => {
  const share = fc.double({ min: -2, max: 2, noNaN: true })
  const place = fc.constantFrom('apart', 'first', 'second')
  fc.assert(
    fc.property(stretch, share, share, place, ({ Type, length, offset, start: from, seed }, p, q, where) => {
      const start = from % length
      const [written, expected] = [inC!, kernelsInJavaScript].map((kernels) => {
        const a = { share: p, data: values(Type, { length, offset, seed }) }
        const b = { share: q, data: values(Type, { length, offset: 0, seed: seed + 1 }) }
        const target = { apart: new Type(length), first: a.data, second: b.data }[where]
        const sums = new Float64Array(length - start)
        kernels.add(sums, b, start, length)
        kernels.add(sums, a, start, length)
        kernels.writePair(target, [a, b], start, length)
        const second = new Type(length)
        kernels.writeSums(second, sums, [a, b], start, length)
        return [target, sums, second]
      })
      expect(written).toEqual(expected)
    }),
  )
})

it(
  'words change the lanes in C as in JavaScript, wherever a stretch of them begins',
  needs('C compiler', 'koffi'),
  () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 1), { maxLength: 200 }), fc.nat(3), fc.nat(200), (words, offset, start) => {
        const room = new Uint32Array([...Array(offset).fill(7), ...words]).subarray(offset)
        const [written, expected] = [inC!, kernelsInJavaScript].map((kernels) => {
          const lanes = new Uint32Array(32).map((_, lane) => lane * 0x01010101)
          kernels.mix(lanes, room, 0, room.length)
          kernels.mix(lanes, room, Math.min(start, room.length), room.length)
          return lanes
        })
        expect(written).toEqual(expected)
      }),
    )
  },
)
