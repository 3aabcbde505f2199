import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type EncodedFile, placedPieces, type WeightsSource } from '../global-state.js'
import { canonicalEntries, encodeEntries } from './safetensors-header.js'
import type { EncodedWeights } from './write-safetensors.js'

/** Makes a whole file of what `write` writes, or none: written beside its place, synced, renamed, and the folder synced. */
export async function replaceFile(file: string, write: (part: string) => Promise<void>): Promise<void> {
  const part = `${file}.part`
  try {
    await write(part)
    await rename(part, file)
    await syncFolder(dirname(file))
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** Writes and syncs a safetensors file from its chunks. */
export async function writeEncoded(file: string, encoded: EncodedWeights | EncodedFile): Promise<void> {
  const handle = await open(file, 'w')
  try {
    for await (const chunk of encoded.chunks()) await handle.writeFile(chunk)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes and syncs a safetensors file from a source of which it never has more in memory than a piece. */
export async function writeSource(
  file: string,
  source: WeightsSource,
  metadata: Record<string, string>,
): Promise<void> {
  const entries = canonicalEntries(source.specs)
  const head = encodeEntries(entries, metadata)
  const begins = new Map(entries.map(({ spec, begin }) => [spec, head.length + begin]))
  const handle = await open(file, 'w')
  try {
    await writeAt(handle, head, 0)
    for (const { tensor, offset, bytes } of placedPieces(source))
      await writeAt(handle, bytes, begins.get(source.specs[tensor]!)! + offset)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A write may take less than it was given, at the latest when the disk is full; the rest then fails with the reason. */
async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written)
    written += bytesWritten
  }
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
