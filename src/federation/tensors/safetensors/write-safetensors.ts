import { bytesOf, type TensorData, type Weights, weightsBytes } from '../weights.js'
import { canonicalEntries, encodeHeader, type TensorEntry } from './safetensors-header.js'

/**
 * Large enough to keep a socket busy, small enough that a slow reader is noticed within one tensor.
 */
const CHUNK_BYTES = 2 ** 20

export interface EncodedWeights {
  /** Bytes of all chunks. */
  byteLength: number
  /** The tensors in the order of their bytes. */
  entries: readonly TensorEntry[]
  /**
   * Yields the header, then views of the tensors' memory without copies: the weights must not
   * change meanwhile.
   */
  chunks(): Generator<Uint8Array>
}

/** Encodes weights as a safetensors file. */
export function encodeWeights(weights: Weights, metadata?: Record<string, string>): EncodedWeights {
  return new EncodedInMemory(weights, metadata)
}

class EncodedInMemory implements EncodedWeights {
  readonly byteLength: number
  readonly entries: readonly TensorEntry[]
  readonly #data: TensorData[]
  readonly #head: Uint8Array
  readonly #order: readonly number[]

  constructor({ specs, data }: Weights, metadata: Record<string, string> | undefined) {
    const { head, order } = encodeHeader(specs, metadata)
    this.byteLength = head.byteLength + weightsBytes(specs)
    this.entries = canonicalEntries(specs)
    this.#data = data
    this.#head = head
    this.#order = order
  }

  *chunks(): Generator<Uint8Array> {
    yield this.#head
    for (const index of this.#order) {
      const bytes = bytesOf(this.#data[index]!)
      for (let start = 0; start < bytes.length; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES)
    }
  }
}
