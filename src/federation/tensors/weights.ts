/**
 * A set of weights: named tensors, each one flat typed array, row-major, in the order of their
 * specs.
 */
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

/** Returns the number of values: the product of the shape, 1 for a scalar. */
export function tensorLength(spec: TensorSpec): number {
  return spec.shape.reduce((product, size) => product * size, 1)
}

export function tensorBytes(spec: TensorSpec): number {
  return tensorLength(spec) * itemBytes(spec.dtype)
}

/** Returns the bytes of one full set of weights, M. */
export function weightsBytes(specs: readonly TensorSpec[]): number {
  return specs.reduce((sum, spec) => sum + tensorBytes(spec), 0)
}

/** Allocates one tensor of zeros. */
export function allocateTensor(spec: TensorSpec): TensorData {
  return spec.dtype === 'F32' ? new Float32Array(tensorLength(spec)) : new Float64Array(tensorLength(spec))
}

/** Allocates one tensor without zeroing it; the caller must write every byte. */
function allocateUnfilled(spec: TensorSpec): TensorData {
  const { buffer } = Buffer.allocUnsafeSlow(tensorBytes(spec))
  return spec.dtype === 'F32' ? new Float32Array(buffer) : new Float64Array(buffer)
}

/**
 * From this size on glibc maps each block and unmaps it when it is freed: the upper bound of
 * M_MMAP_THRESHOLD (mallopt(3)).
 */
const MAPPED_BYTES = 32 * 2 ** 20
/** Alignment of every element type. */
const ALIGNMENT = 8

/**
 * Allocates a set of weights without zeroing it. Large ones lie in one block of huge pages, so that
 * memory returned after a round is cheap to take again.
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

/** Copies tensors, into the memory of `into` if given: weights of the same tensors. */
export function copyTensors({ specs, data }: Weights, into?: Weights): TensorData[] {
  const copies = into?.data ?? allocateUnfilledSet(specs)
  if (lieAlike(data, copies)) blockOf(copies).set(blockOf(data))
  else for (const [tensor, copy] of copies.entries()) copy.set(data[tensor]!)
  return copies
}

/**
 * Returns whether both lie in one block each, in the same order. A large block is then copied past
 * the processor's cache, which is faster.
 */
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

/** Returns the bytes of a tensor without a copy. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Shortens a tensor's name for a message: names come from the network. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)
}
