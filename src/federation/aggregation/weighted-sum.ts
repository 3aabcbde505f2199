import { addTerm, firstNonFinite, type Term, writePair, writeSums } from '../tensors/value-loops.js'
import type { TensorData } from '../tensors/weights.js'

/**
 * Values in a block. 64 KiB of float64 sums stay in the second-level cache while every term passes
 * over them; a pass over whole tensors would fetch the sum from memory for each term.
 */
const BLOCK = 8192

const sums = new Float64Array(BLOCK)

/**
 * Computes `target = keep * current + (sum of share_i * data_i)`, in the order of the terms. All
 * values must be finite.
 *
 * The sum is formed in float64, block by block, and rounded once, so no float64 copy of a tensor is
 * needed. `target` may be one of the terms or `current`.
 *
 * @returns the index of the first value of the sum that is not finite, or -1; blocks after it are
 *   not written
 */
export function combineTensor(
  target: TensorData,
  { terms, current, keep }: { terms: readonly Term[]; current: TensorData; keep: number },
): number {
  const all = keep === 0 ? terms : [{ share: keep, data: current }, ...terms]
  // The last two terms are added while the block is written, so with two clients the block is
  // passed over once and not four times.
  const [a, b] = all.length === 1 ? [all[0]!, { share: 0, data: all[0]!.data }] : all.slice(-2)
  const pair = [a!, b!] as const
  const others = all.slice(0, -2)
  for (let start = 0; start < target.length; start += BLOCK) {
    const end = Math.min(start + BLOCK, target.length)
    if (others.length === 0) writePair(target, pair, start, end)
    else {
      sums.fill(0)
      for (const term of others) addTerm(sums, term, start, end)
      writeSums(target, sums, pair, { start, end })
    }
    // Check the block while it is in the processor's cache.
    const index = firstNonFinite(target, start, end)
    if (index !== -1) return index
  }
  return -1
}
