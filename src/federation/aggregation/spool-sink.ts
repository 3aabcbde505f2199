import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { notePassedBytes } from '../../memory/young-generation.js'
import { writeAll, writeAllSync } from '../../shared/atomic-write.js'
import { failpoint } from '../failpoint.js'
import { type Block, giveBlockBack, takeBlock } from '../tensors/buffer-pool.js'
import type { FileHeader } from '../tensors/safetensors/safetensors-file.js'
import { encodeEntries, type TensorEntry, WeightsError } from '../tensors/safetensors/safetensors-header.js'
import type { TensorSink } from '../tensors/safetensors/scan-safetensors.js'
import { firstNonFinite } from '../tensors/value-loops.js'
import { itemBytes, quote } from '../tensors/weights.js'
import { CHECKSUM, checksumText, NO_CHECKSUM, placeOfChecksum } from './spool-checksum.js'

/** One block is filled while the other is written. */
const BLOCKS = 2

/**
 * The most that a socket delivers at a time. A larger chunk is written synchronously when no block
 * is free.
 */
const CHUNK_BYTES = 64 * 2 ** 10

/**
 * Writes the tensors of one result to a file as they come, under a header of its own, and checks
 * their values. The source is paused while the disk is behind, so at most {@link BLOCKS} blocks of
 * a result are in memory.
 */
export class SpoolSink implements TensorSink {
  readonly #handle: FileHandle
  readonly #source: Readable
  readonly #metadata: Record<string, string>
  readonly #blocks = Array.from({ length: BLOCKS }, takeBlock)
  readonly #free = [...this.#blocks]
  #block: Block = this.#free.pop()!
  #filled = 0
  /** Bytes of the current block whose values were checked. */
  #checked = 0
  #entries: readonly TensorEntry[] = []
  #headBytes = 0
  /** Position of the checksum in the file. */
  #checksumAt = 0
  /** Bytes of tensors before the current block. */
  #offset = 0
  readonly #writing = new Set<Promise<void>>()
  #failure: Error | undefined
  /** Checksum of all tensor bytes so far, in order. */
  #checksum = 0

  static async open(file: string, source: Readable, metadata: Record<string, string>): Promise<SpoolSink> {
    return new SpoolSink(await open(file, 'w'), source, metadata)
  }

  private constructor(handle: FileHandle, source: Readable, metadata: Record<string, string>) {
    this.#handle = handle
    this.#source = source
    this.#metadata = metadata
  }

  /** The header of this file, available after {@link begin}. */
  get header(): FileHeader {
    return { entries: this.#entries, metadata: this.#metadata, headBytes: this.#headBytes }
  }

  begin(entries: readonly TensorEntry[]): void {
    const head = encodeEntries(entries, { ...this.#metadata, [CHECKSUM]: NO_CHECKSUM })
    this.#checksumAt = placeOfChecksum(head)
    this.#entries = entries
    this.#headBytes = head.length
    writeAllSync(this.#handle.fd, head, 0)
  }

  take(bytes: Uint8Array, entry: TensorEntry): void {
    failpoint('upload-begun')
    if (this.#failure !== undefined) throw this.#failure
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + this.#block.bytes.length - this.#filled)
      this.#block.bytes.set(bytes.subarray(start, end), this.#filled)
      this.#filled += end - start
      this.#checkValues(entry)
      if (this.#filled === this.#block.bytes.length) this.#passOn()
      start = end
    }
    notePassedBytes(bytes.length)
    if (this.#free.length === 0 && this.#block.bytes.length - this.#filled < CHUNK_BYTES) this.#source.pause()
  }

  /** Waits until everything is written. */
  async finish(): Promise<void> {
    await Promise.all(this.#writing)
    if (this.#failure !== undefined) throw this.#failure
    const rest = this.#block.bytes.subarray(0, this.#filled)
    this.#checksum = crc32(rest, this.#checksum)
    await writeAll(this.#handle, rest, this.#headBytes + this.#offset)
    await writeAll(this.#handle, Buffer.from(checksumText(this.#checksum)), this.#checksumAt)
  }

  /** Call it whether the result was valid or not. */
  async close(): Promise<void> {
    await Promise.all(this.#writing)
    for (const block of this.#blocks) giveBlockBack(block)
    await this.#handle.close()
  }

  /** Checks values that became complete, while they are in the processor's cache. */
  #checkValues({ spec, begin }: TensorEntry): void {
    const size = itemBytes(spec.dtype)
    const values = this.#block.values[spec.dtype]
    const complete = this.#filled - (this.#filled % size)
    const index = firstNonFinite(values, this.#checked / size, complete / size)
    if (index !== -1)
      throw new WeightsError(
        `tensor ${quote(spec.name)} has the value ${values[index]} at index ${(this.#offset - begin) / size + index}`,
      )
    this.#checked = complete
  }

  /** Writes the full block and takes a free one. */
  #passOn(): void {
    const position = this.#headBytes + this.#offset
    const full = this.#block
    this.#checksum = crc32(full.bytes, this.#checksum)
    const next = this.#free.pop()
    if (next === undefined) writeAllSync(this.#handle.fd, full.bytes, position)
    else {
      this.#startWriting(full, position)
      this.#block = next
    }
    this.#offset += full.bytes.length
    this.#filled = 0
    this.#checked = 0
  }

  #startWriting(block: Block, position: number): void {
    const writing = writeAll(this.#handle, block.bytes, position)
      .catch((error: Error) => {
        this.#failure ??= error
      })
      .then(() => {
        this.#free.push(block)
        this.#writing.delete(writing)
        this.#source.resume()
      })
    this.#writing.add(writing)
  }
}
