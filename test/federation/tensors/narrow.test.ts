import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HalfPrecisionType, narrowInto, widenInto } from '../../../src/federation/tensors/half-precision.js'
import { PYTHON } from '../../python.js'

function narrow(value: number, type: HalfPrecisionType): number {
  const target = new Uint16Array(1)
  narrowInto(target, new Uint32Array(Float32Array.of(value).buffer), type)
  return target[0]!
}

function widen(bits: number, type: HalfPrecisionType): number {
  const target = new Uint32Array(1)
  widenInto(target, Uint16Array.of(bits), type)
  return new Float32Array(target.buffer)[0]!
}

/** By hand from the definition of the formats. */
const GOLDEN: [type: HalfPrecisionType, value: number, bits: number][] = [
  ['F16', 0, 0x0000],
  ['F16', -0, 0x8000],
  ['F16', 1, 0x3c00],
  ['F16', -2, 0xc000],
  ['F16', 1 / 3, 0x3555],
  ['F16', 65504, 0x7bff],
  // Just below half way to 65536, and half way: the latter rounds away, since the largest is odd.
  ['F16', 65519.996, 0x7bff],
  ['F16', 65520, 0x7c00],
  ['F16', -1e10, 0xfc00],
  // Ties to even, in the last bit of 1 and of what follows it.
  ['F16', 1 + 2 ** -11, 0x3c00],
  ['F16', 1 + 3 * 2 ** -11, 0x3c02],
  ['F16', 1 + 2 ** -11 + 2 ** -23, 0x3c01],
  // The smallest normal, the largest subnormal, the smallest, half of it, and just above half.
  ['F16', 2 ** -14, 0x0400],
  ['F16', 2 ** -14 - 2 ** -24, 0x03ff],
  ['F16', 2 ** -14 - 2 ** -25, 0x0400],
  ['F16', 2 ** -24, 0x0001],
  ['F16', 2 ** -25, 0x0000],
  ['F16', 2 ** -25 * (1 + 2 ** -23), 0x0001],
  ['F16', 3 * 2 ** -25, 0x0002],
  ['F16', -(5 * 2 ** -25), 0x8002],
  ['F16', 2 ** -149, 0x0000],
  ['F16', Number.POSITIVE_INFINITY, 0x7c00],
  ['F16', Number.NaN, 0x7e00],
  ['BF16', 1, 0x3f80],
  ['BF16', -0, 0x8000],
  ['BF16', 1 + 2 ** -8, 0x3f80],
  ['BF16', 1 + 3 * 2 ** -8, 0x3f82],
  ['BF16', 1 + 2 ** -8 + 2 ** -23, 0x3f81],
  ['BF16', 3.4028234663852886e38, 0x7f80],
  ['BF16', 2 ** -133, 0x0001],
  ['BF16', 2 ** -134, 0x0000],
  ['BF16', 3 * 2 ** -134, 0x0002],
  ['BF16', Number.NEGATIVE_INFINITY, 0xff80],
  ['BF16', Number.NaN, 0x7fc0],
]

it.each(GOLDEN)('%s of %d is 0x%s', (type, value, bits) => {
  expect(narrow(value, type).toString(16)).toBe(bits.toString(16))
})

describe.each(['F16', 'BF16'] as const)('%s', (type) => {
  it('is widened and narrowed to itself, each of its 65,536 patterns', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = widen(bits, type)
      if (Number.isNaN(value)) expect(widen(narrow(value, type), type)).toBeNaN()
      else if (narrow(value, type) !== bits) expect(narrow(value, type)).toBe(bits)
    }
  })

  it('is the nearest there is, and of two that are as near the even one', () => {
    const finite = Array.from({ length: 0x8000 }, (_, bits) => bits).filter((bits) =>
      Number.isFinite(widen(bits, type)),
    )
    const largest = widen(finite.at(-1)!, type)
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -Math.fround(largest), max: Math.fround(largest) }), (value) => {
        const bits = narrow(value, type)
        const own = Math.abs(widen(bits, type) - value)
        for (const other of [bits - 1, bits + 1]) {
          if ((other & 0x7fff) === 0x7fff || other < 0 || !Number.isFinite(widen(other & 0xffff, type))) continue
          const theirs = Math.abs(widen(other & 0xffff, type) - value)
          expect(own).toBeLessThanOrEqual(theirs)
          if (own === theirs) expect(bits & 1).toBe(0)
        }
      }),
      { numRuns: 2000, seed: 1 },
    )
  })
})

it('float16 has the bits that Python gives the same numbers', () => {
  const values = GOLDEN.flatMap(([type, value]) =>
    type === 'F16' && Math.abs(value) < 65519 ? [Math.fround(value)] : [],
  )
  const script = `import json, struct, sys
print(json.dumps([struct.unpack('<H', struct.pack('<e', v))[0] for v in json.load(sys.stdin)]))`
  const expected = JSON.parse(
    execFileSync(PYTHON, ['-c', script], { input: JSON.stringify(values), encoding: 'utf8' }),
  ) as number[]
  // JSON has no minus zero.
  const plain = values.map((value) => (Object.is(value, -0) ? 0 : value))
  expect(expected).toEqual(plain.map((value) => narrow(value, 'F16')))
})
