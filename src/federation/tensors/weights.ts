/** A set of weights: named tensors, each one flat typed array, row-major, in the order of their specs. */
import { adviseHugePages } from '../../memory/huge-pages.js'

/** The number types on the wire and on disk, by their safetensors names. */
export type TensorType = 'F32' | 'F64'

export interface TensorSpec {
  readonly name: string
  readonly dtype: TensorType
  readonly shape: readonly number[]
}

export type TensorData = Float32Array | Float64Array

export interface Weights {
  readonly specs: readonly TensorSpec[]
  /** In the order of `specs`. */
  readonly data: TensorData[]
}

const ITEM_BYTES: Record<TensorType, number> = { F32: 4, F64: 8 }

export function itemBytes(dtype: TensorType): number {
  return ITEM_BYTES[dtype]
}

/** Number of values: the product of the shape, 1 for a scalar. */
export function tensorLength(spec: TensorSpec): number {
  return spec.shape.reduce((product, size) => product * size, 1)
}

export function tensorBytes(spec: TensorSpec): number {
  return tensorLength(spec) * itemBytes(spec.dtype)
}

/** Bytes of one full set of weights, M. */
export function weightsBytes(specs: readonly TensorSpec[]): number {
  return specs.reduce((sum, spec) => sum + tensorBytes(spec), 0)
}

/** Room for one tensor, all zeros. */
export function allocateTensor(spec: TensorSpec): TensorData {
  return spec.dtype === 'F32' ? new Float32Array(tensorLength(spec)) : new Float64Array(tensorLength(spec))
}

/** Room for one tensor that is not zeroed first: whoever asks for it writes every byte before anyone sees it. */
function allocateUnfilled(spec: TensorSpec): TensorData {
  const { buffer } = Buffer.allocUnsafeSlow(tensorBytes(spec))
  return spec.dtype === 'F32' ? new Float32Array(buffer) : new Float64Array(buffer)
}

/**
 * From this size on glibc maps each block by itself and unmaps it when it is freed, whatever was freed before: the most that
 * M_MMAP_THRESHOLD rises to (mallopt(3)).
 */
const MAPPED_BYTES = 32 * 2 ** 20
/** Of every element type. */
const ALIGNMENT = 8

/**
 * Room for a whole set of weights, as `allocateUnfilled` makes it. Large ones lie in one block in huge pages, so that what is given
 * back after a round costs little to have again.
 */
export function allocateUnfilledSet(specs: readonly TensorSpec[]): TensorData[] {
  const sizes = specs.map((spec) => Math.ceil(tensorBytes(spec) / ALIGNMENT) * ALIGNMENT)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total < MAPPED_BYTES) return specs.map(allocateUnfilled)
  const { buffer } = Buffer.allocUnsafeSlow(total)
  adviseHugePages(buffer)
  let end = 0
  return specs.map((spec, index) => {
    const begin = end
    end += sizes[index]!
    return spec.dtype === 'F32'
      ? new Float32Array(buffer, begin, tensorLength(spec))
      : new Float64Array(buffer, begin, tensorLength(spec))
  })
}

/** Tensors of their own with the same values, in the memory of `into` where that is given: weights of the same tensors. */
export function copyTensors({ specs, data }: Weights, into?: Weights): TensorData[] {
  const copies = into?.data ?? allocateUnfilledSet(specs)
  if (lieAlike(data, copies)) blockOf(copies).set(blockOf(data))
  else for (const [tensor, copy] of copies.entries()) copy.set(data[tensor]!)
  return copies
}

/** Whether both lie in one block each, tensor by tensor at the same place. As one, a large block is copied past the processor's cache, which is faster. */
function lieAlike(these: readonly TensorData[], those: readonly TensorData[]): boolean {
  const [one, other] = [these[0]?.buffer, those[0]?.buffer]
  if (one === undefined || one.byteLength !== other?.byteLength) return false
  return these.every((tensor, i) => {
    const twin = those[i]!
    return tensor.buffer === one && twin.buffer === other && tensor.byteOffset === twin.byteOffset
  })
}

function blockOf([first]: readonly TensorData[]): Uint8Array {
  return new Uint8Array(first!.buffer)
}

/** The bytes of a tensor, without a copy. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** A tensor's name in a message: names come from the network, and may be long. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)
}
