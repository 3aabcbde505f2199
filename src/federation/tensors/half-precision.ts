/**
 * The narrow number types that weights may travel in: float16 (IEEE 754 binary16) and bfloat16 (the upper half of a float32).
 * A float32 is rounded to the nearest, ties to the one whose last bit is 0. All on bit patterns: no number is ever made that
 * an engine may turn into another NaN.
 */

export type HalfPrecisionType = 'F16' | 'BF16'

export const NARROW_BYTES = 2

/** By the names that users give them; float32 travels as it is. */
export const WIRE_TYPES: Readonly<Record<'float32' | 'float16' | 'bfloat16', HalfPrecisionType | undefined>> = {
  float32: undefined,
  float16: 'F16',
  bfloat16: 'BF16',
}

/** The exponent of a pattern is all ones: an infinity or a NaN. */
export const NOT_FINITE: Readonly<Record<HalfPrecisionType, number>> = { F16: 0x7c00, BF16: 0x7f80 }

/** Writes float32 patterns as narrow ones. Values beyond the largest become infinities, and subnormal ones stay as near as they can. */
export function narrowInto(target: Uint16Array, source: Uint32Array, type: HalfPrecisionType): void {
  if (type === 'F16') for (let i = 0; i < source.length; i++) target[i] = toFloat16(source[i]!)
  else for (let i = 0; i < source.length; i++) target[i] = toBfloat16(source[i]!)
}

/** Writes narrow patterns as float32 ones. Each has one, so nothing is rounded. */
export function widenInto(target: Uint32Array, source: Uint16Array, type: HalfPrecisionType): void {
  if (type === 'F16') for (let i = 0; i < source.length; i++) target[i] = fromFloat16(source[i]!)
  else for (let i = 0; i < source.length; i++) target[i] = source[i]! << 16
}

function toFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const size = bits & 0x7fffffff
  if (size > 0x7f800000) return sign | 0x7e00
  // 65520 lies half way between the largest float16 and what would come after it.
  if (size >= 0x477ff000) return sign | 0x7c00
  // From 2^-14 on they are normal: the exponent moves by 112, and 13 bits go.
  if (size >= 0x38800000) return sign | roundOff(size - 0x38000000, 13)
  // Up to half of the smallest, 2^-25, all are zero; the tie too, since zero is even.
  if (size <= 0x33000000) return sign
  return sign | roundOff((size & 0x7fffff) | 0x800000, 126 - (size >>> 23))
}

function toBfloat16(bits: number): number {
  const size = bits & 0x7fffffff
  // Rounding could carry a NaN's bits into the sign.
  if (size > 0x7f800000) return (bits >>> 16) | 0x0040
  return ((bits >>> 16) & 0x8000) | roundOff(size, 16)
}

/** Without its last bits, to the nearest, ties to even. A carry out of the fraction goes into the exponent, as it should. */
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
  // Subnormal: its leading bit becomes the hidden one.
  const shift = Math.clz32(size) - 21
  return sign | ((113 - shift) << 23) | (((size << shift) & 0x3ff) << 13)
}
