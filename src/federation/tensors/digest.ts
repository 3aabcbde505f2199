import { createHash } from 'node:crypto'
import { LANES, mixWords } from './value-loops.js'
import type { TensorData, TensorSpec, Weights } from './weights.js'

/**
 * Tells one set of weights from another: the SHA-256 of their names, types and shapes and, of every tensor, of 32 sums that
 * each take in every 32nd word of four bytes. Two sets that differ in one number always differ in it. It takes 17 ms for
 * 100 MiB (in JavaScript 44; `bench/results/kernels.md`) where SHA-256 over everything takes over a second on processors without instructions for it. It guards against
 * mix-ups and torn transfers, not against a forger: whoever holds the job's token can send what weights they like anyway.
 */
export function weightsDigest({ specs, data }: Weights): string {
  const digest = new RunningDigest()
  for (const [tensor, { name }] of specs.entries()) digest.take(name, data[tensor]!, data[tensor]!.byteLength)
  return digest.of(specs)
}

/** The same of weights that come piece by piece: each is taken in while it is in the processor's cache. */
export class RunningDigest {
  readonly #tensors = new Map<string, { lanes: Uint32Array; words: Uint32Array; taken: number }>()

  /** @param bytes of the tensor that are there by now, from its first on */
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

  /** In the order of names, whatever the one in which they came. A tensor without values need not have come. */
  of(specs: readonly TensorSpec[]): string {
    const hash = createHash('sha256')
    for (const { name, dtype, shape } of [...specs].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      hash.update(JSON.stringify([name, dtype, shape]))
      hash.update(this.#tensors.get(name)?.lanes ?? new Uint32Array(LANES))
    }
    // Whoever still refers to this must not keep the weights with it.
    this.#tensors.clear()
    return hash.digest('hex')
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: TensorData): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT)
}
