/**
 * The 16-bit types that weights may travel in: float16 (IEEE 754 binary16) and bfloat16 (the upper
 * half of a float32). A float32 is rounded to the nearest, ties to even. All work is on bit
 * patterns, so no engine can replace a NaN by another.
 */

export type HalfPrecisionType = 'F16' | 'BF16'

export const NARROW_BYTES = 2

/** The types by the names that users give them; float32 travels as it is. */
export const WIRE_TYPES: Readonly<Record<'float32' | 'float16' | 'bfloat16', HalfPrecisionType | undefined>> = {
  float32: undefined,
  float16: 'F16',
  bfloat16: 'BF16',
}

/** Patterns whose exponent is all ones: an infinity or a NaN. */
export const NOT_FINITE: Readonly<Record<HalfPrecisionType, number>> = { F16: 0x7c00, BF16: 0x7f80 }

/**
 * Writes float32 patterns as 16-bit ones. Values beyond the largest become infinities; subnormal
 * ones are rounded to the nearest.
 */
export function narrowInto(target: Uint16Array, source: Uint32Array, type: HalfPrecisionType): void {
  if (type === 'F16') for (let i = 0; i < source.length; i++) target[i] = toFloat16(source[i]!)
  else for (let i = 0; i < source.length; i++) target[i] = toBfloat16(source[i]!)
}

/** Writes 16-bit patterns as float32 ones, exactly. */
export function widenInto(target: Uint32Array, source: Uint16Array, type: HalfPrecisionType): void {
  if (type === 'F16') for (let i = 0; i < source.length; i++) target[i] = fromFloat16(source[i]!)
  else for (let i = 0; i < source.length; i++) target[i] = source[i]! << 16
}

function toFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const size = bits & 0x7fffffff
  if (size > 0x7f800000) return sign | 0x7e00
  // 65520 lies half way between the largest float16 and the next step.
  if (size >= 0x477ff000) return sign | 0x7c00
  // Values from 2^-14 on are normal: the exponent moves by 112, and 13 bits are dropped.
  if (size >= 0x38800000) return sign | roundOff(size - 0x38000000, 13)
  // Values up to half of the smallest, 2^-25, become zero; so does the tie, since zero is even.
  if (size <= 0x33000000) return sign
  return sign | roundOff((size & 0x7fffff) | 0x800000, 126 - (size >>> 23))
}

function toBfloat16(bits: number): number {
  const size = bits & 0x7fffffff
  // Rounding could carry a NaN's bits into the sign.
  if (size > 0x7f800000) return (bits >>> 16) | 0x0040
  return ((bits >>> 16) & 0x8000) | roundOff(size, 16)
}

/**
 * Drops the last bits, rounding to the nearest, ties to even. A carry out of the fraction correctly
 * goes into the exponent.
 */
function roundOff(value: number, count: number): number {
  const kept = value >>> count
  const rest = value & ((1 << count) - 1)
  const half = 1 << (count - 1)
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}

function fromFloat16(bits: number): number {
  const sign = (bits & 0x8000) << 16
  const size = bits & 0x7fff
  if (size >= 0x7c00) return sign | 0x7f800000 | ((size & 0x3ff) << 13)
  if (size >= 0x0400) return sign | ((size << 13) + 0x38000000)
  if (size === 0) return sign
  // For a subnormal result the hidden bit becomes explicit.
  const shift = Math.clz32(size) - 21
  return sign | ((113 - shift) << 23) | (((size << shift) & 0x3ff) << 13)
}
