/**
 * Reads and writes the head of a safetensors file: eight bytes with the header's length
 * (little-endian), then the header, JSON padded with spaces so that the tensors start at a multiple
 * of eight. Format: https://huggingface.co/docs/safetensors
 */
import { TidemarkError } from '../../../shared/errors.js'
import { type HalfPrecisionType, NARROW_BYTES } from '../half-precision.js'
import { itemBytes, quote, type TensorSpec, type TensorType, tensorBytes, tensorLength } from '../weights.js'

export const LENGTH_BYTES = 8
const ALIGNMENT = 8

/**
 * Longest accepted header. The reference implementation allows 100 MB. A header needs about 100
 * bytes a tensor, so this suffices for 100,000 tensors and bounds what a sender can make a reader
 * allocate.
 */
export const MAX_HEADER_BYTES = 10 * 2 ** 20

/**
 * The bytes are not safetensors, or not the tensors that were expected. The message is the reason,
 * without its context.
 */
export class WeightsError extends TidemarkError {
  override readonly code: string = 'TIDEMARK_E_WEIGHTS'
}

/** A tensor and the place of its bytes, counted from the end of the header. */
export interface TensorEntry {
  readonly spec: TensorSpec
  readonly begin: number
  readonly end: number
  /** The 16-bit type of its float32 values; `begin` and `end` then count those bytes. */
  readonly narrow?: HalfPrecisionType
}

/**
 * Returns the first bytes of a file, and the order of the tensors: those with the larger numbers
 * first, as the reference implementation writes them, so that each is aligned to its number's size.
 */
export function encodeHeader(
  specs: readonly TensorSpec[],
  metadata?: Record<string, string>,
): { head: Uint8Array; order: number[] } {
  return { head: encodeEntries(canonicalEntries(specs), metadata), order: canonicalOrder(specs) }
}

function canonicalOrder(specs: readonly TensorSpec[]): number[] {
  const order = specs.map((_, index) => index)
  return order.sort((a, b) => itemBytes(specs[b]!.dtype) - itemBytes(specs[a]!.dtype) || a - b)
}

/** Places tensors one after another without a gap. */
export function placeInOrder(specs: readonly TensorSpec[]): TensorEntry[] {
  let end = 0
  return specs.map((spec) => {
    const begin = end
    end += tensorBytes(spec)
    return { spec, begin, end }
  })
}

/*
 * Caches the header of a list of tensors, which is the same in every transfer of a job. Built each
 * time, it was most of the garbage of a round, and lived long enough to reach V8's old generation.
 */
const canonical = new WeakMap<readonly TensorSpec[], readonly TensorEntry[]>()
const heads = new WeakMap<readonly TensorEntry[], Uint8Array>()
const texts = new WeakMap<readonly TensorEntry[], Buffer>()

/**
 * Returns the first bytes of a file with tensors at these places. Without metadata the bytes are
 * shared and must not be changed.
 */
export function encodeEntries(entries: readonly TensorEntry[], metadata?: Record<string, string>): Uint8Array {
  const tensors = keep(texts, entries, encodeTensors)
  if (metadata === undefined) return keep(heads, entries, () => withLength(tensors))
  const separator = entries.length === 0 ? '' : ','
  const begin = Buffer.from(`{"__metadata__":${JSON.stringify(metadata)}${separator}`)
  return withLength(Buffer.concat([begin, tensors.subarray(1)]))
}

/** Encodes the tensors as a JSON object. */
function encodeTensors(entries: readonly TensorEntry[]): Buffer {
  const named = entries.map(({ spec: { name, dtype, shape }, begin, end, narrow }): [string, unknown] => [
    name,
    { dtype: narrow ?? dtype, shape, data_offsets: [begin, end] },
  ])
  return Buffer.from(JSON.stringify(Object.fromEntries(named)))
}

/**
 * Returns where tensors lie in a file that {@link encodeHeader} heads: the same list for the same
 * specs.
 */
export function canonicalEntries(specs: readonly TensorSpec[]): readonly TensorEntry[] {
  return keep(canonical, specs, () => placeInOrder(canonicalOrder(specs).map((index) => specs[index]!)))
}

function keep<Key extends object, Value>(kept: WeakMap<Key, Value>, key: Key, make: (key: Key) => Value): Value {
  const known = kept.get(key)
  if (known !== undefined) return known
  const made = make(key)
  kept.set(key, made)
  return made
}

function withLength(json: Buffer): Uint8Array {
  const padded = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT
  const head = Buffer.alloc(LENGTH_BYTES + padded, ' ')
  head.writeBigUInt64LE(BigInt(padded))
  json.copy(head, LENGTH_BYTES)
  return head
}

/**
 * Reads the length from the first eight bytes. Throws {@link WeightsError} where it is implausible.
 */
export function decodeHeaderLength(bytes: Uint8Array): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER_BYTES))
    throw new WeightsError(`the safetensors header claims ${length} bytes, and at most ${MAX_HEADER_BYTES} are read`)
  if (length < 2n || length % BigInt(ALIGNMENT) !== 0n)
    throw new WeightsError(
      `the safetensors header claims ${length} bytes; it must be a multiple of ${ALIGNMENT}, padded with spaces`,
    )
  return Number(length)
}

/**
 * Reads the tensors of a header, in the order of the file, and checks that they are of known types,
 * aligned, and without gap or overlap. With `narrow`, float32 tensors must come in that type.
 */
export function decodeHeader(bytes: Uint8Array, narrow?: HalfPrecisionType): TensorEntry[] {
  const { header, keysWritten } = parseJson(bytes)
  const entries: TensorEntry[] = []
  let keysKept = 0
  for (const [name, value] of Object.entries(header)) {
    if (!isRecord(value)) throw new WeightsError(`${quote(name)} of the safetensors header is not an object`)
    if (name === '__metadata__') assertMetadata(value)
    else entries.push(decodeEntry(name, value, narrow))
    keysKept += 1 + Object.keys(value).length
  }
  // JSON.parse silently keeps the last of two equal keys.
  if (keysKept !== keysWritten) throw new WeightsError('the safetensors header has a key twice')
  // An empty tensor shares its offset with the one after it, hence the second criterion.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  assertContiguous(entries)
  return entries
}

/** Reads the metadata of a header that {@link decodeHeader} accepted. */
export function decodeMetadata(bytes: Uint8Array): Record<string, string> {
  const { __metadata__: metadata = {} } = JSON.parse(new TextDecoder().decode(bytes)) as {
    __metadata__?: Record<string, string>
  }
  return metadata
}

function parseJson(bytes: Uint8Array): { header: Record<string, unknown>; keysWritten: number } {
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    header = JSON.parse(text)
  } catch (error) {
    throw new WeightsError('the safetensors header is not JSON in UTF-8', { cause: error })
  }
  if (!text.startsWith('{') || !isRecord(header)) throw new WeightsError('the safetensors header is not a JSON object')
  return { header, keysWritten: countKeys(text) }
}

const COLON = /\s*:/y

/** Counts the keys of a valid JSON text: strings followed by a colon. */
function countKeys(text: string): number {
  let count = 0
  for (let i = text.indexOf('"'); i !== -1; i = text.indexOf('"', i + 1)) {
    do i += text[i] === '\\' ? 2 : 1
    while (text[i] !== '"')
    COLON.lastIndex = i + 1
    if (COLON.test(text)) count++
  }
  return count
}

function assertMetadata(value: Record<string, unknown>): void {
  if (!Object.values(value).every((item) => typeof item === 'string'))
    throw new WeightsError('__metadata__ of the safetensors header is not an object of texts')
}

function decodeEntry(name: string, value: Record<string, unknown>, narrow: HalfPrecisionType | undefined): TensorEntry {
  const { dtype: numberType, shape, data_offsets: offsets, ...unknown } = value
  const tensor = `tensor ${quote(name)}`
  const [unknownKey] = Object.keys(unknown)
  if (unknownKey !== undefined) throw new WeightsError(`${tensor} has the unknown key ${quote(unknownKey)}`)
  const types = narrow === undefined ? ['F32', 'F64'] : [narrow, 'F64']
  if (typeof numberType !== 'string' || !types.includes(numberType))
    throw new WeightsError(
      `${tensor} has the number type ${typeof numberType === 'string' ? quote(numberType) : 'null'}, and only ${types.join(' and ')} are read`,
    )
  const isNarrow = numberType === narrow
  if (!isSizes(shape)) throw new WeightsError(`the shape of ${tensor} is not a list of whole numbers`)
  if (!isSizes(offsets) || offsets.length !== 2)
    throw new WeightsError(`data_offsets of ${tensor} are not two whole numbers`)
  const dtype: TensorType = numberType === 'F64' ? 'F64' : 'F32'
  const spec = { name, dtype, shape }
  const [begin, end] = offsets as [number, number]
  const numberBytes = isNarrow ? NARROW_BYTES : itemBytes(dtype)
  const bytes = tensorLength(spec) * numberBytes
  if (!Number.isSafeInteger(bytes) || end - begin !== bytes)
    throw new WeightsError(`${tensor} has ${end - begin} bytes of data, and its shape takes ${bytes}`)
  if (begin % numberBytes !== 0)
    throw new WeightsError(`${tensor} starts at byte ${begin}, which is no multiple of ${numberBytes}`)
  return isNarrow ? { spec, begin, end, narrow } : { spec, begin, end }
}

function assertContiguous(entries: readonly TensorEntry[]): void {
  let offset = 0
  for (const { spec, begin, end } of entries) {
    if (begin !== offset)
      throw new WeightsError(
        `tensor ${quote(spec.name)} starts at byte ${begin}, and the one before it ends at ${offset}`,
      )
    offset = end
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
