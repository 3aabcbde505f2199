import { Readable } from 'node:stream'
import type { ReusingSource } from '../weights/scan-safetensors.js'

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

  /** Takes what is of this body, and returns how many bytes that was. */
  deliver(bytes: Uint8Array): number {
    const own = bytes.subarray(0, this.#missing)
    this.#missing -= own.length
    const flows = this.readableFlowing === true && this.readableLength === 0 && this.listenerCount('data') > 0
    const wantsMore = this.push(flows ? own : Buffer.from(own))
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
