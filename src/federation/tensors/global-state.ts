import type { TensorEntry } from './safetensors/safetensors-header.js'
import { type EncodedWeights, encodeWeights } from './safetensors/write-safetensors.js'
import { allocateTensor, bytesOf, type TensorData, type TensorSpec, tensorBytes, type Weights } from './weights.js'

/**
 * The global weights and an algorithm's other state, as of one commit, in memory or in a file as
 * the {@link Storage} decides. It never changes; the next state is a new object.
 */
export interface GlobalState {
  readonly specs: readonly TensorSpec[]
  /**
   * Encodes the state as a safetensors file, for one reader. Any number may read at a time, each at
   * its own pace.
   */
  encode(metadata?: Record<string, string>): EncodedWeights | EncodedFile
  /**
   * Loads the state into memory: one M where it lies in a file, in the memory of `into` if those
   * are unused weights of the same tensors. For evaluating small models, and for tests.
   */
  load(into?: Weights): Promise<Weights>
}

/** A state that is read from a file while it is sent. */
export interface EncodedFile {
  byteLength: number
  /** The tensors in the order of their bytes. */
  entries: readonly TensorEntry[]
  /** Yields chunks. A chunk is overwritten once the next one is requested. */
  chunks(): AsyncGenerator<Uint8Array>
}

/**
 * Weights that need not be in memory at once: the values of all tensors in the order of `specs`, in
 * pieces that each lie within one tensor and may be overwritten once the next is requested. {@link
 * Weights} are such a source, with one piece a tensor.
 */
export interface WeightsSource {
  readonly specs: readonly TensorSpec[]
  readonly data: Iterable<TensorData>
}

export function stateInMemory(weights: Weights): GlobalState {
  return new MemoryState(weights)
}

class MemoryState implements GlobalState {
  readonly #weights: Weights

  constructor(weights: Weights) {
    this.#weights = weights
  }

  get specs(): readonly TensorSpec[] {
    return this.#weights.specs
  }

  encode(metadata?: Record<string, string>): EncodedWeights {
    return encodeWeights(this.#weights, metadata)
  }

  async load(): Promise<Weights> {
    return this.#weights
  }
}

/** Gathers a source's weights into one array a tensor. Weights are returned as they are. */
export function gatherWeights(source: WeightsSource): Weights {
  const { specs, data } = source
  if (Array.isArray(data)) return { specs, data }
  const gathered = specs.map(allocateTensor)
  for (const { tensor, offset, bytes } of placedPieces(source)) bytesOf(gathered[tensor]!).set(bytes, offset)
  return { specs, data: gathered }
}

/** Yields the pieces of a source, each with the index of its tensor and its byte position in it. */
export function* placedPieces({ specs, data }: WeightsSource): Generator<{
  tensor: number
  offset: number
  bytes: Uint8Array
}> {
  let tensor = 0
  let offset = 0
  for (const piece of data) {
    for (; offset === tensorBytes(specs[tensor]!); offset = 0) tensor++
    const bytes = bytesOf(piece)
    yield { tensor, offset, bytes }
    offset += bytes.length
  }
}
