/**
 * Results are not synced, because that costs more than a loss of power does. After one, the
 * checksum finds incomplete results and their clients are asked again.
 */
import { statSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { TidemarkError } from '../../shared/errors.js'
import { giveBlockBack, takeBlock } from '../tensors/buffer-pool.js'
import { SafetensorsFile } from '../tensors/safetensors/safetensors-file.js'

/** Key in the metadata of a result's file, written last. */
export const CHECKSUM = 'crc32'

/** Holds the place of the checksum until it is known; it has the same length and is not one. */
export const NO_CHECKSUM = '--------'

/**
 * Returns the position of the checksum in a header. Quotes in names and values are escaped, so the
 * text occurs only as a key.
 */
export function placeOfChecksum(head: Uint8Array): number {
  const key = `"${CHECKSUM}":"`
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength).indexOf(key) + key.length
}

export function checksumText(checksum: number): string {
  return checksum.toString(16).padStart(NO_CHECKSUM.length, '0')
}

/**
 * Returns whether a spooled file is complete and, for a result, whether each byte is the one
 * written.
 */
export async function isWhole(path: string): Promise<boolean> {
  let file: SafetensorsFile
  try {
    file = new SafetensorsFile(path)
  } catch (error) {
    if (error instanceof TidemarkError) return false
    throw error
  }
  try {
    if (statSync(path).size < file.headBytes + file.dataBytes) return false
    const expected = file.metadata[CHECKSUM]
    return expected === undefined || expected === (await checksumOf(file))
  } finally {
    file.close()
  }
}

async function checksumOf(file: SafetensorsFile): Promise<string> {
  const block = takeBlock()
  try {
    let checksum = 0
    for (let offset = 0; offset < file.dataBytes; offset += block.bytes.length) {
      const bytes = block.bytes.subarray(0, Math.min(block.bytes.length, file.dataBytes - offset))
      await file.read(bytes, offset)
      checksum = crc32(bytes, checksum)
    }
    return checksumText(checksum)
  } finally {
    giveBlockBack(block)
  }
}
