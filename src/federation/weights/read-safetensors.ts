import { finished, type Readable } from 'node:stream'
import { formatBytes } from '../../units.js'
import { firstNonFinite } from './finite.js'
import { layoutDifference } from './layout.js'
import { decodeHeader, decodeHeaderLength, LENGTH_BYTES, type TensorEntry, WeightsError } from './safetensors-header.js'
import { itemBytes, quote, type TensorData, type TensorSpec, tensorLength, type Weights } from './weights.js'

export interface ReadOptions {
  /** The tensors that must be there, no more and no less; the result has their order. Absent: any. */
  expected?: readonly TensorSpec[]
  /** Bytes of tensors that are read at most. */
  maxBytes: number
}

/**
 * Weights from a stream of safetensors, each byte copied once, from the chunk it came in to its tensor. Everything is
 * checked: the header before a tensor is allocated, values as they pass. At most one set of weights is allocated,
 * tensor by tensor as its bytes come.
 *
 * Throws {@link WeightsError} at the first fault, with the source paused; what is left of it is the caller's to drain or
 * destroy. Rejects with the source's own error when it breaks off.
 */
export function readWeights(source: Readable, options: ReadOptions): Promise<Weights> {
  const decoder = new Decoder(options)
  // Events rather than `for await`, which joins the chunks that have gathered into one more copy.
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      source.off('data', onData)
      stopWatching()
      try {
        finish()
      } catch (error) {
        source.pause()
        reject(error)
      }
    }
    const onData = (chunk: Uint8Array) => {
      try {
        decoder.push(chunk)
      } catch (error) {
        settle(() => {
          throw error
        })
      }
    }
    const stopWatching = finished(source, { writable: false }, (error) =>
      settle(() => {
        if (error) throw error
        resolve(decoder.finish())
      }),
    )
    source.on('data', onData)
  })
}

class Decoder {
  readonly #options: ReadOptions
  /** The bytes of the length, then of the header, until they are complete. */
  #head = new Uint8Array(LENGTH_BYTES)
  #headFilled = 0
  #entries: TensorEntry[] | undefined
  #data: TensorData[] = []
  /** The tensor being filled. */
  #current = 0
  #target: Uint8Array | undefined
  #filled = 0
  #checked = 0

  constructor(options: ReadOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0) {
      const taken = this.#entries === undefined ? this.#pushHead(rest) : this.#pushTensor(rest, this.#entries)
      rest = rest.subarray(taken)
    }
  }

  finish(): Weights {
    const entries = this.#entries
    if (entries === undefined) throw new WeightsError('the data ends within the safetensors header')
    this.#startTensor(entries)
    if (this.#current < entries.length)
      throw new WeightsError(
        `the data ends within tensor ${quote(entries[this.#current]!.spec.name)}, ${this.#current} of ${entries.length} tensors were complete`,
      )
    const specs = this.#options.expected ?? entries.map((entry) => entry.spec)
    const places = new Map(entries.map((entry, index) => [entry.spec.name, index]))
    return { specs, data: specs.map((spec) => this.#data[places.get(spec.name)!]!) }
  }

  #pushHead(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.#head.length - this.#headFilled)
    this.#head.set(bytes.subarray(0, taken), this.#headFilled)
    this.#headFilled += taken
    if (this.#headFilled < this.#head.length) return taken
    if (this.#headFilled === LENGTH_BYTES) {
      const grown = new Uint8Array(LENGTH_BYTES + decodeHeaderLength(this.#head))
      grown.set(this.#head)
      this.#head = grown
      return taken
    }
    this.#entries = this.#checkEntries(decodeHeader(this.#head.subarray(LENGTH_BYTES)))
    this.#head = new Uint8Array()
    return taken
  }

  #checkEntries(entries: TensorEntry[]): TensorEntry[] {
    const { expected, maxBytes } = this.#options
    const specs = entries.map((entry) => entry.spec)
    const difference = expected === undefined ? undefined : layoutDifference(specs, expected)
    if (difference !== undefined) throw new WeightsError(difference)
    const bytes = entries.at(-1)?.end ?? 0
    if (bytes > maxBytes)
      throw new WeightsError(`the tensors take ${formatBytes(bytes)}, and at most ${formatBytes(maxBytes)} are read`)
    return entries
  }

  #pushTensor(bytes: Uint8Array, entries: readonly TensorEntry[]): number {
    this.#startTensor(entries)
    if (this.#target === undefined) throw new WeightsError('there is more data than the safetensors header describes')
    const taken = Math.min(bytes.length, this.#target.length - this.#filled)
    this.#target.set(taken === bytes.length ? bytes : bytes.subarray(0, taken), this.#filled)
    this.#filled += taken
    this.#checkValues(entries[this.#current]!.spec)
    if (this.#filled === this.#target.length) this.#endTensor()
    return taken
  }

  /** Makes room for the next tensor, and passes over those without values. */
  #startTensor(entries: readonly TensorEntry[]): void {
    while (this.#target === undefined && this.#current < entries.length) {
      const data = allocateUnfilled(entries[this.#current]!.spec)
      this.#data.push(data)
      this.#target = new Uint8Array(data.buffer)
      if (data.length === 0) this.#endTensor()
    }
  }

  #endTensor(): void {
    this.#current++
    this.#target = undefined
    this.#filled = 0
    this.#checked = 0
  }

  /** Values that became complete with the last chunk, while they are still in the processor's cache. */
  #checkValues(spec: TensorSpec): void {
    const complete = Math.floor(this.#filled / itemBytes(spec.dtype))
    const data = this.#data[this.#current]!
    const index = firstNonFinite(data, this.#checked, complete)
    if (index !== -1)
      throw new WeightsError(`tensor ${quote(spec.name)} has the value ${data[index]} at index ${index}`)
    this.#checked = complete
  }
}

/** Memory that is not zeroed first: every byte of it is written before anyone sees the tensor. */
function allocateUnfilled(spec: TensorSpec): TensorData {
  const length = tensorLength(spec)
  const { buffer } = Buffer.allocUnsafeSlow(length * itemBytes(spec.dtype))
  return spec.dtype === 'F32' ? new Float32Array(buffer) : new Float64Array(buffer)
}
