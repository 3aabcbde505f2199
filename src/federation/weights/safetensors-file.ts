import { close as closeDescriptor, closeSync, openSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { TidemarkError } from '../../errors.js'
import {
  decodeHeader,
  decodeHeaderLength,
  decodeMetadata,
  LENGTH_BYTES,
  type TensorEntry,
} from './safetensors-header.js'

const readAsync = promisify(read)

/** A safetensors file, open for reading at any place. It stays readable when it is replaced or removed meanwhile. */
export class SafetensorsFile {
  readonly path: string
  /** By their place in the file. */
  readonly entries: readonly TensorEntry[]
  readonly metadata: Readonly<Record<string, string>>
  /** Bytes of all tensors together. */
  readonly dataBytes: number
  readonly #descriptor: number
  readonly #dataBegin: number
  #readers = 0
  #isClosed = false

  /** Throws WeightsError where the header is none. */
  constructor(path: string) {
    this.path = path
    this.#descriptor = openSync(path, 'r')
    try {
      const length = decodeHeaderLength(this.#readHead(LENGTH_BYTES, 0))
      const header = this.#readHead(length, LENGTH_BYTES)
      this.entries = decodeHeader(header)
      this.metadata = decodeMetadata(header)
      this.dataBytes = this.entries.at(-1)?.end ?? 0
      this.#dataBegin = LENGTH_BYTES + length
    } catch (error) {
      closeSync(this.#descriptor)
      throw error
    }
  }

  /** Fills `target` with what lies `offset` bytes behind the first tensor's first. */
  async read(target: Uint8Array, offset: number): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      const position = this.#dataBegin + offset + filled
      const { bytesRead } = await readAsync(this.#descriptor, target, filled, target.length - filled, position)
      if (bytesRead === 0) throw this.#endsEarly()
      filled += bytesRead
    }
  }

  /** Keeps the file open, even when it is closed meanwhile, until {@link release}: another file may get its descriptor. */
  hold(): void {
    this.#readers++
  }

  release(): void {
    this.#readers--
    this.#closeIfDone()
  }

  close(): void {
    this.#isClosed = true
    this.#closeIfDone()
  }

  #closeIfDone(): void {
    if (!this.#isClosed || this.#readers > 0) return
    // Never again: the number may be another file's by then.
    this.#readers = Number.POSITIVE_INFINITY
    closeDescriptor(this.#descriptor)
  }

  #readHead(length: number, position: number): Buffer {
    const head = Buffer.alloc(length)
    const bytesRead = readSync(this.#descriptor, head, 0, length, position)
    if (bytesRead < length) throw this.#endsEarly()
    return head
  }

  #endsEarly(): TidemarkError {
    return new TidemarkError(`the file ${this.path} ends before its last tensor does`)
  }
}
