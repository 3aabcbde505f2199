import { Readable } from 'node:stream'
import type { ReusingSource } from '../../tensors/safetensors/scan-safetensors.js'
import { BUFFER_BYTES } from './direct-socket.js'

/** Of a tensor; less is read with what comes behind it. */
const LEAST_ROOM = 64 * 2 ** 10

/** What a body does with the line that it comes by. */
export interface BodySource {
  pause(): void
  resume(): void
  /** The body was destroyed; what is missing of it is not wanted any more. */
  bodyClosed(): void
}

/**
 * The body of a message, read past Node's HTTP. While it flows, a chunk is memory that is written over once its listeners have
 * returned; whoever pauses it gets copies of what has come already.
 */
export class DirectBody extends Readable implements ReusingSource {
  readonly reusesMemory = true
  roomForNext: ReusingSource['roomForNext']
  readonly #source: BodySource
  #missing: number
  #isPaused = false

  /** @param length in bytes */
  constructor(source: BodySource, length: number) {
    super()
    this.#source = source
    this.#missing = length
  }

  /** Every byte of it has come, if not been read. */
  get isComplete(): boolean {
    return this.#missing === 0
  }

  /** Where the next bytes go at once, in pieces as large as others. For a small one, which may end with the next read, it is not worth it. */
  get room(): Uint8Array | undefined {
    if (!this.#flows || this.isComplete) return undefined
    const room = this.roomForNext?.()
    return room === undefined || room.length < LEAST_ROOM
      ? undefined
      : room.subarray(0, Math.min(this.#missing, BUFFER_BYTES))
  }

  /** Whether a piece is dealt with when {@link deliver} returns. */
  get #flows(): boolean {
    return (
      !this.#isPaused && this.readableFlowing === true && this.readableLength === 0 && this.listenerCount('data') > 0
    )
  }

  /** Takes what is of this body, and returns how many bytes that was. */
  deliver(bytes: Uint8Array): number {
    const own = bytes.subarray(0, this.#missing)
    this.#missing -= own.length
    const wantsMore = this.push(this.#flows ? own : Buffer.from(own))
    if (this.#missing === 0) this.push(null)
    else if (!wantsMore) this.#source.pause()
    return own.length
  }

  override pause(): this {
    this.#isPaused = true
    this.#source.pause()
    return super.pause()
  }

  override resume(): this {
    this.#isPaused = false
    super.resume()
    this.#source.resume()
    return this
  }

  override _read(): void {
    if (!this.#isPaused) this.#source.resume()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source.bodyClosed()
    // As with a message of Node's, who does not listen is not told.
    done(this.listenerCount('error') > 0 ? error : null)
  }
}
