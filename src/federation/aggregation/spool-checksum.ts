/**
 * Results are not synced, since that would cost more than a loss of power does: what was left of one then is found by its checksum, and
 * its client is asked again.
 */
import { statSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { TidemarkError } from '../../shared/errors.js'
import { giveBlockBack, takeBlock } from '../tensors/buffer-pool.js'
import { SafetensorsFile } from '../tensors/safetensors/safetensors-file.js'

/** Key in the metadata of a result's file. It is written last. */
export const CHECKSUM = 'crc32'

/** Its place until then; as long as a checksum, and none. */
export const NO_CHECKSUM = '--------'

/** In a header. Quotes in names and values are escaped there, so the text is found where it is a key alone. */
export function placeOfChecksum(head: Uint8Array): number {
  const key = `"${CHECKSUM}":"`
  return Buffer.from(head.buffer, head.byteOffset, head.byteLength).indexOf(key) + key.length
}

export function checksumText(checksum: number): string {
  return checksum.toString(16).padStart(NO_CHECKSUM.length, '0')
}

/** Whether a spooled file is there to its last byte; of a result, whether each byte is the one that was written. */
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
