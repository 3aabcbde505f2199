import type { TensorData } from '../weights.js'
/** One tensor of a sum and its factor. */
export interface Term {
  share: number
  data: TensorData
}

/**
 * The loops over every value of a set of weights. They are there twice, with the same results to the last bit: in
 * JavaScript, and in C where this machine has a compiler. Places are counted in values.
 */
export interface Kernels {
  /** Place of the first value from `start` to before `end` that is NaN or infinite, or -1. */
  firstNonFinite(data: TensorData, start: number, end: number): number
  /** `sums[i - start] += share * data[i]` */
  add(sums: Float64Array, term: Term, start: number, end: number): void
  /** `target[i] = a + b`, rounded once. `target` may be the data of one of them. */
  writePair(target: TensorData, pair: readonly [Term, Term], start: number, end: number): void
  /** `target[i] = sums[i - start] + a + b`, rounded once. `target` may be the data of one of them. */
  writeSums(target: TensorData, sums: Float64Array, pair: readonly [Term, Term], start: number, end: number): void
  /**
   * The i-th word, from `start` to before `end`, changes lane i modulo 32 as xxHash32 takes words in (Collet,
   * github.com/Cyan4973/xxHash). Another word in its place always makes another lane, unless a later word of that lane makes up for it.
   */
  mix(lanes: Uint32Array, words: Uint32Array, start: number, end: number): void
}
