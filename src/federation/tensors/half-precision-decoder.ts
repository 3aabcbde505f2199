import { type HalfPrecisionType, NARROW_BYTES, widenInto } from './half-precision.js'

/** What a socket delivers at a time; longer input is widened in several pieces. */
const VALUES = 32 * 2 ** 10

/** Widens 16-bit values to float32 as their bytes come, cut anywhere, also within a value. */
export class HalfPrecisionDecoder {
  readonly #type: HalfPrecisionType
  readonly #narrow = new Uint16Array(VALUES)
  readonly #wide = new Uint32Array(VALUES)
  /** Bytes of an incomplete value. */
  #left = 0

  constructor(type: HalfPrecisionType) {
    this.#type = type
  }

  /** The bytes of the completed values; overwritten once the next are requested. */
  *widen(bytes: Uint8Array): Generator<Uint8Array> {
    const target = new Uint8Array(this.#narrow.buffer)
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + target.length - this.#left)
      target.set(bytes.subarray(start, end), this.#left)
      const filled = this.#left + end - start
      const count = Math.floor(filled / NARROW_BYTES)
      const wide = this.#wide.subarray(0, count)
      widenInto(wide, this.#narrow.subarray(0, count), this.#type)
      this.#left = filled % NARROW_BYTES
      if (this.#left > 0) target[0] = target[filled - 1]!
      start = end
      if (count > 0) yield new Uint8Array(wide.buffer, 0, wide.byteLength)
    }
  }
}
