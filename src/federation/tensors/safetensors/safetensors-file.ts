import { close as closeDescriptor, closeSync, openSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { TidemarkError } from '../../../shared/errors.js'
import {
  decodeHeader,
  decodeHeaderLength,
  decodeMetadata,
  LENGTH_BYTES,
  type TensorEntry,
} from './safetensors-header.js'

const readAsync = promisify(read)

/** The content of a file's header. */
export interface FileHeader {
  /** In the order of the file. */
  readonly entries: readonly TensorEntry[]
  readonly metadata: Readonly<Record<string, string>>
  /** Bytes of the length field and the header. */
  readonly headBytes: number
}

/**
 * A safetensors file, open for reading at any place. It stays readable when it is replaced or
 * removed.
 */
export class SafetensorsFile {
  readonly path: string
  /** In the order of the file. */
  readonly entries: readonly TensorEntry[]
  readonly metadata: Readonly<Record<string, string>>
  /** Bytes of all tensors together. */
  readonly dataBytes: number
  /** Bytes before the first tensor. */
  readonly headBytes: number
  readonly #descriptor: number
  #readers = 0
  #isClosed = false

  /**
   * Throws WeightsError where the header is invalid.
   * @param written the header of a file that this process wrote, which is not read again
   */
  constructor(path: string, written?: FileHeader) {
    this.path = path
    this.#descriptor = openSync(path, 'r')
    try {
      const { entries, metadata, headBytes } = written ?? this.#readHeader()
      this.entries = entries
      this.metadata = metadata
      this.dataBytes = entries.at(-1)?.end ?? 0
      this.headBytes = headBytes
    } catch (error) {
      closeSync(this.#descriptor)
      throw error
    }
  }

  /** Fills `target` with the bytes at `offset` after the start of the first tensor. */
  async read(target: Uint8Array, offset: number): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      const position = this.headBytes + offset + filled
      const { bytesRead } = await readAsync(this.#descriptor, target, filled, target.length - filled, position)
      if (bytesRead === 0) throw this.#endsEarly()
      filled += bytesRead
    }
  }

  get isRead(): boolean {
    return this.#readers > 0
  }

  /**
   * Keeps the file open until {@link release}, even when it is closed meanwhile: its descriptor
   * could pass to another file.
   */
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
    // Close it only once: the number may belong to another file afterwards.
    this.#readers = Number.POSITIVE_INFINITY
    closeDescriptor(this.#descriptor)
  }

  #readHeader(): FileHeader {
    const length = decodeHeaderLength(this.#readHead(LENGTH_BYTES, 0))
    const header = this.#readHead(length, LENGTH_BYTES)
    return { entries: decodeHeader(header), metadata: decodeMetadata(header), headBytes: LENGTH_BYTES + length }
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
