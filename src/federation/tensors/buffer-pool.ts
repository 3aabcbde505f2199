import type { TensorData, TensorType } from './weights.js'

/**
 * Multiples of every number's size, so that no value lies in two blocks, and several times what a socket gives at a time. Each
 * block goes to a thread of the pool and back, which costs about as much as reading a small one: the first to ask get large
 * ones, and where many ask at the same time, memory counts for more.
 */
export const LARGE_BYTES = 2 ** 20
const SMALL_BYTES = 256 * 2 ** 10

/** Large blocks there are at most: enough for two clients that come and go, or for the mean of their results. */
const LARGE = 8

/** Memory for a part of a file. */
export interface Block {
  readonly bytes: Uint8Array
  /** The same memory as numbers. */
  readonly values: Readonly<Record<TensorType, TensorData>>
}

/** Small blocks that are kept while nobody uses them: 8 MiB. Large ones all are. */
const KEPT = 32

const freeLarge: Block[] = []
const freeSmall: Block[] = []
let largeBlocks = 0

/**
 * Memory to read and write files in, used over and over: what is allocated for each transfer would be garbage after it, and
 * garbage is what a server's memory grows by.
 */
export function takeBlock(): Block {
  const free = freeLarge.pop()
  if (free !== undefined) return free
  if (largeBlocks === LARGE) return freeSmall.pop() ?? allocateBlock(SMALL_BYTES)
  largeBlocks++
  return allocateBlock(LARGE_BYTES)
}

/** Nobody may use the block any more. */
export function giveBlockBack(block: Block): void {
  if (block.bytes.length === LARGE_BYTES) freeLarge.push(block)
  else if (freeSmall.length < KEPT) freeSmall.push(block)
}

/** A block as several smaller ones. */
export function divideBlock(block: Block, bytes: number): Block[] {
  return Array.from({ length: block.bytes.length / bytes }, (_, part) => {
    const begin = part * bytes
    const { F32, F64 } = block.values
    return {
      bytes: block.bytes.subarray(begin, begin + bytes),
      values: { F32: F32.subarray(begin / 4, (begin + bytes) / 4), F64: F64.subarray(begin / 8, (begin + bytes) / 8) },
    }
  })
}

function allocateBlock(bytes: number): Block {
  const { buffer } = Buffer.allocUnsafeSlow(bytes)
  return { bytes: new Uint8Array(buffer), values: { F32: new Float32Array(buffer), F64: new Float64Array(buffer) } }
}
