import type { Readable } from 'node:stream'
import { notePassedBytes } from '../../../memory/young-generation.js'
import type { RunningDigest } from '../digest.js'
import { firstNonFinite } from '../value-loops.js'
import {
  allocateUnfilledSet,
  bytesOf,
  itemBytes,
  quote,
  type TensorData,
  type TensorSpec,
  tensorBytes,
  type Weights,
} from '../weights.js'
import { type TensorEntry, WeightsError } from './safetensors-header.js'
import { type ReadOptions, scanSafetensors, type TensorSink } from './scan-safetensors.js'

/**
 * Reads weights from a stream of safetensors and copies each byte once, from its chunk to its
 * tensor. It checks everything: the header before a tensor is allocated, values as they pass. It
 * allocates at most one set of weights, tensor by tensor as bytes come. The order is that of
 * `expected`, if given.
 *
 * Throws {@link WeightsError} at the first fault, with the source paused; the caller drains or
 * destroys the rest. Rejects with the source's own error when it breaks off.
 */
export async function readWeights(
  source: Readable,
  options: ReadOptions & { digest?: RunningDigest | undefined },
): Promise<Weights> {
  const gathering = new Gathering(options)
  await scanSafetensors(source, options, gathering)
  return gathering.finish(options.expected)
}

class Gathering implements TensorSink {
  #entries: readonly TensorEntry[] = []
  readonly #data = new Map<string, TensorData>()
  /** The tensor being filled. */
  #target: Uint8Array = new Uint8Array()
  #filled = 0
  #checked = 0
  readonly #spare: Map<string, TensorData>
  readonly #collectsPassed: boolean
  readonly #room = new Map<string, TensorData>()
  readonly #digest: RunningDigest | undefined

  constructor({ into, digest }: { into?: Weights | undefined; digest?: RunningDigest | undefined }) {
    this.#digest = digest
    this.#spare = new Map(into?.specs.map((spec, index) => [spec.name, into.data[index]!]))
    // Weights that reuse memory should not make garbage of their chunks either.
    this.#collectsPassed = into !== undefined
  }

  begin(entries: readonly TensorEntry[]): void {
    this.#entries = entries
  }

  take(bytes: Uint8Array, { spec }: TensorEntry): void {
    const data = this.#data.get(spec.name) ?? this.#startTensor(spec)
    this.#target.set(bytes, this.#filled)
    this.#filled += bytes.length
    this.#checkValues(data, spec)
    this.#digest?.take(spec.name, data, this.#filled)
    if (this.#collectsPassed) notePassedBytes(bytes.length)
  }

  finish(expected: readonly TensorSpec[] | undefined): Weights {
    const specs = expected ?? this.#entries.map((entry) => entry.spec)
    // Tensors without values have no bytes.
    const data = specs.map((spec) => this.#data.get(spec.name) ?? this.#startTensor(spec))
    this.#letGo()
    return { specs, data }
  }

  /** Listeners of the source refer to this object for a while after they were removed. */
  #letGo(): void {
    this.#data.clear()
    this.#spare.clear()
    this.#room.clear()
    this.#target = new Uint8Array()
  }

  #startTensor(spec: TensorSpec): TensorData {
    const data = this.#takeSpare(spec) ?? this.#takeRoom(spec)
    this.#data.set(spec.name, data)
    this.#target = bytesOf(data)
    this.#filled = 0
    this.#checked = 0
    return data
  }

  /** Allocates all tensors at once when the first one needs memory. */
  #takeRoom(spec: TensorSpec): TensorData {
    if (this.#room.size === 0) {
      const specs = this.#entries.map((entry) => entry.spec)
      const room = allocateUnfilledSet(specs)
      for (const [index, { name }] of specs.entries()) this.#room.set(name, room[index]!)
    }
    return this.#room.get(spec.name)!
  }

  #takeSpare(spec: TensorSpec): TensorData | undefined {
    const spare = this.#spare.get(spec.name)
    return spare?.byteLength === tensorBytes(spec) ? spare : undefined
  }

  /** Checks values that the last chunk completed, while they are in the processor's cache. */
  #checkValues(data: TensorData, spec: TensorSpec): void {
    const complete = Math.floor(this.#filled / itemBytes(spec.dtype))
    const index = firstNonFinite(data, this.#checked, complete)
    if (index !== -1)
      throw new WeightsError(`tensor ${quote(spec.name)} has the value ${data[index]} at index ${index}`)
    this.#checked = complete
  }
}
