import { finished, type Readable } from 'node:stream'
import { formatBytes } from '../../../shared/units.js'
import type { HalfPrecisionType } from '../half-precision.js'
import { HalfPrecisionDecoder } from '../half-precision-decoder.js'
import { entriesDifference } from '../tensor-schema.js'
import { quote, type TensorSpec, type Weights } from '../weights.js'
import {
  canonicalEntries,
  decodeHeader,
  decodeHeaderLength,
  encodeEntries,
  LENGTH_BYTES,
  placeInOrder,
  type TensorEntry,
  WeightsError,
} from './safetensors-header.js'

export interface ReadOptions {
  /** The tensors that must be present, no more and no fewer. Absent: any. */
  expected?: readonly TensorSpec[]
  /** The most bytes of tensors to read. */
  maxBytes: number
  /** Unused weights of the same tensors, whose memory is reused. */
  into?: Weights | undefined
  /** The 16-bit type in which float32 values come. A sink always receives float32. */
  narrow?: HalfPrecisionType | undefined
}

/** The destination of a stream's tensors. */
export interface TensorSink {
  /** Called when the header is valid. */
  begin(entries: readonly TensorEntry[]): void
  /** Takes the next bytes of a tensor and copies what it keeps. Throws {@link WeightsError}. */
  take(bytes: Uint8Array, entry: TensorEntry): void
}

/**
 * Reads a stream of safetensors into a sink. It checks the header first, and that there are as many
 * bytes as the header says. The sink checks values.
 *
 * Throws {@link WeightsError} at the first fault, with the source paused; the caller drains or
 * destroys the rest. Rejects with the source's own error when it breaks off.
 */
export function scanSafetensors(source: Readable, options: ReadOptions, sink: TensorSink): Promise<void> {
  const scanner = new Scanner(options, sink)
  // Events rather than `for await`, which joins waiting chunks by one more copy.
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      source.off('data', onData)
      stopWatching()
      try {
        finish()
        resolve()
      } catch (error) {
        source.pause()
        reject(error)
      }
    }
    const onData = (chunk: Uint8Array) => {
      try {
        scanner.push(chunk)
      } catch (error) {
        settle(() => {
          throw error
        })
      }
    }
    const stopWatching = finished(source, { writable: false }, (error) =>
      settle(() => {
        if (error) throw error
        scanner.end()
      }),
    )
    source.on('data', onData)
  })
}

class Scanner {
  readonly #options: ReadOptions
  readonly #sink: TensorSink
  /** Collects the bytes of the length, then of the header. */
  #head = new Uint8Array(LENGTH_BYTES)
  #headFilled = 0
  #entries: readonly TensorEntry[] | undefined
  /** The entries as the sink sees them. */
  #wideEntries: readonly TensorEntry[] = []
  #widener: HalfPrecisionDecoder | undefined
  /** The tensor whose bytes come next. */
  #current = 0
  #taken = 0

  constructor(options: ReadOptions, sink: TensorSink) {
    this.#options = options
    this.#sink = sink
  }

  push(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0) {
      const taken = this.#entries === undefined ? this.#pushHead(rest) : this.#pushTensor(rest, this.#entries)
      rest = rest.subarray(taken)
    }
  }

  end(): void {
    const entries = this.#entries
    if (entries === undefined) throw new WeightsError('the data ends within the safetensors header')
    const entry = this.#nextEntry(entries)
    if (entry !== undefined)
      throw new WeightsError(
        `the data ends within tensor ${quote(entry.spec.name)}, ${this.#current} of ${entries.length} tensors were complete`,
      )
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
    const { narrow } = this.#options
    const entries = this.#ownEntries() ?? decodeHeader(this.#head.subarray(LENGTH_BYTES), narrow)
    this.#wideEntries = narrow === undefined ? entries : placeInOrder(entries.map(({ spec }) => spec))
    this.#checkEntries(this.#wideEntries)
    this.#entries = entries
    this.#head = new Uint8Array()
    this.#sink.begin(this.#wideEntries)
    return taken
  }

  /**
   * Recognises the header that this program writes for the expected tensors, byte for byte, which
   * needs no parsing.
   */
  #ownEntries(): readonly TensorEntry[] | undefined {
    const { expected, narrow } = this.#options
    if (expected === undefined || narrow !== undefined) return undefined
    const entries = canonicalEntries(expected)
    return Buffer.compare(this.#head, encodeEntries(entries)) === 0 ? entries : undefined
  }

  #checkEntries(entries: readonly TensorEntry[]): void {
    const { expected, maxBytes } = this.#options
    const difference = expected === undefined ? undefined : entriesDifference(entries, expected)
    if (difference !== undefined) throw new WeightsError(difference)
    const bytes = entries.at(-1)?.end ?? 0
    if (bytes > maxBytes)
      throw new WeightsError(`the tensors take ${formatBytes(bytes)}, and at most ${formatBytes(maxBytes)} are read`)
  }

  #pushTensor(bytes: Uint8Array, entries: readonly TensorEntry[]): number {
    const entry = this.#nextEntry(entries)
    if (entry === undefined) throw new WeightsError('there is more data than the safetensors header describes')
    const taken = Math.min(bytes.length, entry.end - entry.begin - this.#taken)
    this.#pass(taken === bytes.length ? bytes : bytes.subarray(0, taken), entry)
    this.#taken += taken
    return taken
  }

  #pass(bytes: Uint8Array, { narrow }: TensorEntry): void {
    const entry = this.#wideEntries[this.#current]!
    if (narrow === undefined) this.#sink.take(bytes, entry)
    else {
      this.#widener ??= new HalfPrecisionDecoder(narrow)
      for (const wide of this.#widener.widen(bytes)) this.#sink.take(wide, entry)
    }
  }

  /** Returns the next incomplete tensor, skipping those without values. */
  #nextEntry(entries: readonly TensorEntry[]): TensorEntry | undefined {
    while (this.#current < entries.length) {
      const entry = entries[this.#current]!
      if (this.#taken < entry.end - entry.begin) return entry
      this.#current++
      this.#taken = 0
    }
    return undefined
  }
}
