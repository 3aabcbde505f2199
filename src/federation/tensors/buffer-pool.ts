import type { TensorData, TensorType } from './weights.js'

/**
 * A multiple of every number's size, so that no value lies in two blocks, and several times what a
 * socket delivers at a time. Each block goes to a pool thread and back, which costs about as much
 * as reading a small one: the first requests get large blocks, and where many ask at once, memory
 * counts for more.
 */
export const LARGE_BYTES = 2 ** 20
const SMALL_BYTES = 256 * 2 ** 10

/**
 * The most large blocks: enough for two clients that come and go, or for the mean of their results.
 */
const LARGE = 8

/** Memory for a part of a file. */
export interface Block {
  readonly bytes: Uint8Array
  /** Views of the same memory as numbers. */
  readonly values: Readonly<Record<TensorType, TensorData>>
}

/** Unused small blocks that are kept: 8 MiB. All large ones are. */
const KEPT = 32

const freeLarge: Block[] = []
const freeSmall: Block[] = []
let largeBlocks = 0

/**
 * Takes memory to read and write files in. It is reused: memory allocated for each transfer would
 * be garbage after it, and garbage makes a server's memory grow.
 */
export function takeBlock(): Block {
  const free = freeLarge.pop()
  if (free !== undefined) return free
  if (largeBlocks === LARGE) return freeSmall.pop() ?? allocateBlock(SMALL_BYTES)
  largeBlocks++
  return allocateBlock(LARGE_BYTES)
}

/** Returns a block, which must not be used afterwards. */
export function giveBlockBack(block: Block): void {
  if (block.bytes.length === LARGE_BYTES) freeLarge.push(block)
  else if (freeSmall.length < KEPT) freeSmall.push(block)
}

/** Splits a block into smaller ones. */
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
