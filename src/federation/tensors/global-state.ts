import type { TensorEntry } from './safetensors/safetensors-header.js'
import { type EncodedWeights, encodeWeights } from './safetensors/write-safetensors.js'
import { allocateTensor, bytesOf, type TensorData, type TensorSpec, tensorBytes, type Weights } from './weights.js'

/**
 * The global weights, and whatever else an algorithm keeps, as of one commit: in memory or in a file, which is nobody's
 * business but the {@link Storage}'s. It never changes; the next state is another one.
 */
export interface GlobalState {
  readonly specs: readonly TensorSpec[]
  /** As a safetensors file, for one reader. Any number may read at a time, each at its own pace. */
  encode(metadata?: Record<string, string>): EncodedWeights | EncodedFile
  /**
   * All of it in memory: one M where it lies in a file, taken from `into` where those are weights of the same tensors that nobody
   * needs any more. For the evaluation of models that are small, and for tests.
   */
  load(into?: Weights): Promise<Weights>
}

/** A state that is read from a file as it is sent. */
export interface EncodedFile {
  byteLength: number
  /** The tensors, in the order in which they come. */
  entries: readonly TensorEntry[]
  /** A chunk is written over once the one after it is asked for: whoever takes it must be done with it by then. */
  chunks(): AsyncGenerator<Uint8Array>
}

/**
 * Weights that need never be in memory all at once: the values of all tensors in the order of `specs`, in pieces of which
 * each lies within one tensor, and may be written over once the next is asked for. {@link Weights} are such a source, with one piece a tensor.
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

/** A source's weights, in one array a tensor. Weights are returned as they are. */
export function gatherWeights(source: WeightsSource): Weights {
  const { specs, data } = source
  if (Array.isArray(data)) return { specs, data }
  const gathered = specs.map(allocateTensor)
  for (const { tensor, offset, bytes } of placedPieces(source)) bytesOf(gathered[tensor]!).set(bytes, offset)
  return { specs, data: gathered }
}

/** The pieces of a source, each with the index of its tensor and its byte in it. */
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
