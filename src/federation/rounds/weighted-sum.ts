import type { TensorData } from '../weights/weights.js'

export interface Term {
  share: number
  data: TensorData
}

/**
 * Values a block. 64 KiB of float64 sums stay in the second-level cache while every term passes over them; a pass over
 * whole tensors would fetch the sum from memory again for each term.
 */
const BLOCK = 8192

const sums = new Float64Array(BLOCK)

/**
 * `target = keep * current + (sum of share_i * data_i)`, in the order of the terms.
 *
 * The sum is formed in float64, block by block, and rounded once; so it costs no float64 copy of a tensor. `target` may be
 * one of the terms or `current`.
 */
export function combineTensor(
  target: TensorData,
  { terms, current, keep }: { terms: readonly Term[]; current: TensorData; keep: number },
): void {
  for (let start = 0; start < target.length; start += BLOCK) {
    const length = Math.min(BLOCK, target.length - start)
    if (keep === 0) sums.fill(0)
    else setBlock({ share: keep, data: current }, start, length)
    for (const term of terms) addBlock(term, start, length)
    for (let i = 0; i < length; i++) target[start + i] = sums[i]!
  }
}

function setBlock({ share, data }: Term, start: number, length: number): void {
  for (let i = 0; i < length; i++) sums[i] = share * data[start + i]!
}

function addBlock({ share, data }: Term, start: number, length: number): void {
  for (let i = 0; i < length; i++) sums[i]! += share * data[start + i]!
}
