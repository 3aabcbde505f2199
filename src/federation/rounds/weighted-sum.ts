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
 * `target = keep * current + (sum of share_i * data_i)`, in the order of the terms. All values must be finite.
 *
 * The sum is formed in float64, block by block, and rounded once; so it costs no float64 copy of a tensor. `target` may be
 * one of the terms or `current`.
 */
export function combineTensor(
  target: TensorData,
  { terms, current, keep }: { terms: readonly Term[]; current: TensorData; keep: number },
): void {
  const all = keep === 0 ? terms : [{ share: keep, data: current }, ...terms]
  // The last two are added while the block is written: with two clients, the block is passed over once and not four times.
  const [a, b] = all.length === 1 ? [all[0]!, { share: 0, data: all[0]!.data }] : all.slice(-2)
  const others = all.slice(0, -2)
  for (let start = 0; start < target.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, target.length)
    if (others.length === 0) writePair(target, a!, b!, start, end)
    else {
      sums.fill(0)
      for (const term of others) addBlock(term, start, end)
      writeSums(target, a!, b!, start, end)
    }
  }
}

// Four values a turn: what a turn costs besides its values is as much as two of them.

function addBlock({ share, data }: Term, start: number, end: number): void {
  let i = start
  for (let k = 0; i + 3 < end; i += 4, k += 4) {
    sums[k]! += share * data[i]!
    sums[k + 1]! += share * data[i + 1]!
    sums[k + 2]! += share * data[i + 2]!
    sums[k + 3]! += share * data[i + 3]!
  }
  for (; i < end; i++) sums[i - start]! += share * data[i]!
}

function writePair(target: TensorData, a: Term, b: Term, start: number, end: number): void {
  const { share: p, data: x } = a
  const { share: q, data: y } = b
  let i = start
  for (; i + 3 < end; i += 4) {
    target[i] = p * x[i]! + q * y[i]!
    target[i + 1] = p * x[i + 1]! + q * y[i + 1]!
    target[i + 2] = p * x[i + 2]! + q * y[i + 2]!
    target[i + 3] = p * x[i + 3]! + q * y[i + 3]!
  }
  for (; i < end; i++) target[i] = p * x[i]! + q * y[i]!
}

function writeSums(target: TensorData, a: Term, b: Term, start: number, end: number): void {
  const { share: p, data: x } = a
  const { share: q, data: y } = b
  let i = start
  for (let k = 0; i + 3 < end; i += 4, k += 4) {
    target[i] = sums[k]! + p * x[i]! + q * y[i]!
    target[i + 1] = sums[k + 1]! + p * x[i + 1]! + q * y[i + 1]!
    target[i + 2] = sums[k + 2]! + p * x[i + 2]! + q * y[i + 2]!
    target[i + 3] = sums[k + 3]! + p * x[i + 3]! + q * y[i + 3]!
  }
  for (; i < end; i++) target[i] = sums[i - start]! + p * x[i]! + q * y[i]!
}
