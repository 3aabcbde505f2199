import type { TensorData, TensorType } from './weights.js'

/** A multiple of every number's size, so that no value lies in two blocks, and several times what a socket gives at a time. */
export const BLOCK_BYTES = 256 * 2 ** 10

/** Memory for a part of a file. */
export interface Block {
  readonly bytes: Uint8Array
  /** The same memory as numbers. */
  readonly values: Readonly<Record<TensorType, TensorData>>
}

/** Blocks that are kept while nobody uses them: 8 MiB. */
const KEPT = 32

const free: Block[] = []

/**
 * Memory to read and write files in, used over and over: what is allocated for each transfer would be garbage after it, and
 * garbage is what a server's memory grows by.
 */
export function takeBlock(): Block {
  return free.pop() ?? allocateBlock()
}

/** Nobody may use the block any more. */
export function giveBlockBack(block: Block): void {
  if (free.length < KEPT) free.push(block)
}

/** A block as several smaller ones. */
export function divideBlock(block: Block, bytes: number): Block[] {
  return Array.from({ length: BLOCK_BYTES / bytes }, (_, part) => {
    const begin = part * bytes
    const { F32, F64 } = block.values
    return {
      bytes: block.bytes.subarray(begin, begin + bytes),
      values: { F32: F32.subarray(begin / 4, (begin + bytes) / 4), F64: F64.subarray(begin / 8, (begin + bytes) / 8) },
    }
  })
}

function allocateBlock(): Block {
  const { buffer } = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  return { bytes: new Uint8Array(buffer), values: { F32: new Float32Array(buffer), F64: new Float64Array(buffer) } }
}
