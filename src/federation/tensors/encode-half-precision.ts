import { giveBlockBack, takeBlock } from './buffer-pool.js'
import type { EncodedFile } from './global-state.js'
import { type HalfPrecisionType, NARROW_BYTES, NOT_FINITE, narrowInto } from './half-precision.js'
import { encodeEntries, type TensorEntry, WeightsError } from './safetensors/safetensors-header.js'
import type { EncodedWeights } from './safetensors/write-safetensors.js'
import { quote } from './weights.js'

const WORD_BYTES = 4

/** Encodes float32 values in a 16-bit type, which halves the bytes. Float64 stays as it is. */
export function encodeHalfPrecision(encoded: EncodedWeights | EncodedFile, type: HalfPrecisionType): EncodedFile {
  const entries = narrowEntries(encoded.entries, type)
  const head = encodeEntries(entries)
  return {
    byteLength: head.length + (entries.at(-1)?.end ?? 0),
    entries,
    chunks: () => narrowChunks(encoded, head, type),
  }
}

function narrowEntries(entries: readonly TensorEntry[], type: HalfPrecisionType): TensorEntry[] {
  let end = 0
  return entries.map((entry) => {
    const begin = end
    const bytes = entry.end - entry.begin
    const isNarrow = entry.spec.dtype === 'F32'
    end = begin + (isNarrow ? (bytes / WORD_BYTES) * NARROW_BYTES : bytes)
    return isNarrow ? { ...entry, begin, end, narrow: type } : { ...entry, begin, end }
  })
}

async function* narrowChunks(
  encoded: EncodedWeights | EncodedFile,
  head: Uint8Array,
  type: HalfPrecisionType,
): AsyncGenerator<Uint8Array> {
  const block = takeBlock()
  const target = new Uint16Array(block.bytes.buffer, block.bytes.byteOffset, block.bytes.length / NARROW_BYTES)
  /** Bytes of tensors before the chunk; negative for the header, which is replaced. */
  let offset = -1
  try {
    for await (const chunk of encoded.chunks()) {
      if (offset < 0) {
        offset = 0
        yield head
        continue
      }
      for (const { entry, bytes } of partsOf(chunk, offset, encoded.entries)) {
        if (entry.spec.dtype === 'F64') {
          yield bytes
          continue
        }
        const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / WORD_BYTES)
        for (let start = 0; start < words.length; start += target.length) {
          const part = words.subarray(start, start + target.length)
          const narrow = target.subarray(0, part.length)
          narrowInto(narrow, part, type)
          assertFinite(narrow, { type, entry, part })
          yield new Uint8Array(narrow.buffer, narrow.byteOffset, narrow.byteLength)
        }
      }
      offset += chunk.length
    }
  } finally {
    giveBlockBack(block)
  }
}

/** Cuts a chunk where one tensor ends and the next begins. */
function* partsOf(
  chunk: Uint8Array,
  offset: number,
  entries: readonly TensorEntry[],
): Generator<{ entry: TensorEntry; bytes: Uint8Array }> {
  for (const entry of entries) {
    const begin = Math.max(entry.begin - offset, 0)
    const end = Math.min(entry.end - offset, chunk.length)
    if (begin < end) yield { entry, bytes: chunk.subarray(begin, end) }
  }
}

function assertFinite(
  narrow: Uint16Array,
  { type, entry, part }: { type: HalfPrecisionType; entry: TensorEntry; part: Uint32Array },
): void {
  const pattern = NOT_FINITE[type]
  for (let i = 0; i < narrow.length; i++) {
    if ((narrow[i]! & pattern) !== pattern) continue
    const [value] = new Float32Array(part.slice(i, i + 1).buffer)
    throw new WeightsError(
      `tensor ${quote(entry.spec.name)} has the value ${value}, which ${type === 'F16' ? 'float16' : 'bfloat16'} cannot hold`,
      { fix: 'Use --wire-dtype float32, or bfloat16, which reaches as far as float32.' },
    )
  }
}
