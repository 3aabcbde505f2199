import type { TensorData } from './weights.js'

/**
 * The loops over every value of a set of weights. Places are counted in values, from `start` to
 * before `end`.
 *
 * Each turn handles four values: the fixed cost of a turn equals that of two values.
 */

/** One tensor of a sum and its factor. */
export interface Term {
  share: number
  data: TensorData
}

/**
 * Returns the place of the first value that is NaN or infinite, or -1.
 *
 * Adds instead of testing each value: a finite sum has only finite terms. Four sums run side by
 * side, since an addition waits for the one before it. Finite float64 values may add up to
 * infinity, so a second pass decides.
 */
export function firstNonFinite(data: TensorData, start = 0, end = data.length): number {
  // Separate variables: V8 would box the elements of an array of sums at every addition.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = start
  for (; i + 3 < end; i += 4) {
    a += data[i]!
    b += data[i + 1]!
    c += data[i + 2]!
    d += data[i + 3]!
  }
  for (; i < end; i++) a += data[i]!
  if (Number.isFinite(a + b + c + d)) return -1
  for (i = start; i < end; i++) if (!Number.isFinite(data[i])) return i
  return -1
}

/** Computes `sums[i - start] += share * data[i]`. */
export function addTerm(sums: Float64Array, { share, data }: Term, start: number, end: number): void {
  let i = start
  for (let k = 0; i + 3 < end; i += 4, k += 4) {
    sums[k]! += share * data[i]!
    sums[k + 1]! += share * data[i + 1]!
    sums[k + 2]! += share * data[i + 2]!
    sums[k + 3]! += share * data[i + 3]!
  }
  for (; i < end; i++) sums[i - start]! += share * data[i]!
}

/** Computes `target[i] = a + b`, rounded once. `target` may be the data of one of them. */
export function writePair(target: TensorData, pair: readonly [Term, Term], start: number, end: number): void {
  const [{ share: p, data: x }, { share: q, data: y }] = pair
  let i = start
  for (; i + 3 < end; i += 4) {
    target[i] = p * x[i]! + q * y[i]!
    target[i + 1] = p * x[i + 1]! + q * y[i + 1]!
    target[i + 2] = p * x[i + 2]! + q * y[i + 2]!
    target[i + 3] = p * x[i + 3]! + q * y[i + 3]!
  }
  for (; i < end; i++) target[i] = p * x[i]! + q * y[i]!
}

/**
 * Computes `target[i] = sums[i - start] + a + b`, rounded once. `target` may be the data of one of
 * them.
 */
export function writeSums(
  target: TensorData,
  sums: Float64Array,
  pair: readonly [Term, Term],
  { start, end }: { start: number; end: number },
): void {
  const [{ share: p, data: x }, { share: q, data: y }] = pair
  let i = start
  for (let k = 0; i + 3 < end; i += 4, k += 4) {
    target[i] = sums[k]! + p * x[i]! + q * y[i]!
    target[i + 1] = sums[k + 1]! + p * x[i + 1]! + q * y[i + 1]!
    target[i + 2] = sums[k + 2]! + p * x[i + 2]! + q * y[i + 2]!
    target[i + 3] = sums[k + 3]! + p * x[i + 3]! + q * y[i + 3]!
  }
  for (; i < end; i++) target[i] = sums[i - start]! + p * x[i]! + q * y[i]!
}

/** Lanes of {@link mixWords}. */
export const LANES = 32

/**
 * Mixes word i into lane i modulo 32 by the step of xxHash32 (Collet, github.com/Cyan4973/xxHash).
 * Another word in its place always makes another lane, unless a later word of that lane makes up
 * for it.
 */
export function mixWords(lanes: Uint32Array, words: Uint32Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const lane = (lanes[i & (LANES - 1)]! + Math.imul(words[i]!, 0x85ebca77)) | 0
    lanes[i & (LANES - 1)] = Math.imul((lane << 13) | (lane >>> 19), 0x9e3779b1)
  }
}
