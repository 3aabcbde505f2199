import { createHash } from 'node:crypto'
import { LANES, mixWords } from './value-loops.js'
import type { TensorData, TensorSpec, Weights } from './weights.js'

/**
 * Distinguishes sets of weights: the SHA-256 of their names, types and shapes and, of every tensor,
 * of 32 sums that each take in every 32nd word of four bytes. Two sets that differ in one number
 * always have different digests. It takes 44 ms for 100 MiB (`bench/results/kernels.md`), where
 * SHA-256 over everything takes over a second on processors without instructions for it. It guards
 * against mix-ups and torn transfers, not against a forger: a holder of the job's token can send
 * any weights.
 */
export function weightsDigest({ specs, data }: Weights): string {
  const digest = new RunningDigest()
  for (const [tensor, { name }] of specs.entries()) digest.take(name, data[tensor]!, data[tensor]!.byteLength)
  return digest.of(specs)
}

/** Digests weights that come piece by piece, each while it is in the processor's cache. */
export class RunningDigest {
  readonly #tensors = new Map<string, { lanes: Uint32Array; words: Uint32Array; taken: number }>()

  /** @param bytes of the tensor that are present, from its first on */
  take(name: string, data: TensorData, bytes: number): void {
    let tensor = this.#tensors.get(name)
    if (tensor === undefined) {
      tensor = { lanes: new Uint32Array(LANES), words: wordsOf(data), taken: 0 }
      this.#tensors.set(name, tensor)
    }
    const { lanes, words, taken } = tensor
    tensor.taken = Math.floor(bytes / Uint32Array.BYTES_PER_ELEMENT)
    mixWords(lanes, words, taken, tensor.taken)
  }

  /**
   * Digests in the order of names, whatever the order of arrival. A tensor without values need not
   * have come.
   */
  of(specs: readonly TensorSpec[]): string {
    const hash = createHash('sha256')
    for (const { name, dtype, shape } of [...specs].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      hash.update(JSON.stringify([name, dtype, shape]))
      hash.update(this.#tensors.get(name)?.lanes ?? new Uint32Array(LANES))
    }
    // A later reference to this object must not keep the weights.
    this.#tensors.clear()
    return hash.digest('hex')
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: TensorData): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT)
}
