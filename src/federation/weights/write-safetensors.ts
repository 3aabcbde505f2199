import { encodeHeader } from './safetensors-header.js'
import { bytesOf, type Weights, weightsBytes } from './weights.js'

/** Large enough to keep a socket busy, small enough that a slow reader is noticed within one tensor. */
const CHUNK_BYTES = 2 ** 20

export interface EncodedWeights {
  /** Of all chunks together. */
  byteLength: number
  /** The header, then views of the tensors' own memory: nothing is copied, so the weights must not change meanwhile. */
  chunks(): Generator<Uint8Array>
}

/** Weights as a safetensors file. */
export function encodeWeights(weights: Weights, metadata?: Record<string, string>): EncodedWeights {
  const { head, order } = encodeHeader(weights.specs, metadata)
  return {
    byteLength: head.byteLength + weightsBytes(weights.specs),
    *chunks() {
      yield head
      for (const index of order) {
        const bytes = bytesOf(weights.data[index]!)
        for (let start = 0; start < bytes.length; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES)
      }
    },
  }
}
