import type { Weights } from './weights.js'

/**
 * One number for a set of tensors, linear in them, so that sums of sets can be checked without the
 * sets.
 */
export interface Projection {
  /** The sum of value_j * r_j, with r fixed and pseudo-random over -1 to 1. */
  sum: number
  /**
   * The square root of the sum of (value_j * r_j)^2: the size of a sum of that many values of
   * random sign.
   */
  scale: number
}

export function project({ data }: Weights): Projection {
  let sum = 0
  let squares = 0
  let index = 0
  for (const tensor of data)
    for (const value of tensor) {
      const term = value * direction(index++)
      sum += term
      squares += term * term
    }
  return { sum, scale: Math.sqrt(squares) }
}

/** Mixes the index (the finalizer of MurmurHash3) and spreads it over -1 to 1. */
function direction(index: number): number {
  let mixed = index + 1
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 16)) | 0) / 2 ** 31
}
