import { open } from 'node:fs/promises'
import { writeAll } from '../../../shared/atomic-write.js'
import { type EncodedFile, placedPieces, type WeightsSource } from '../global-state.js'
import { canonicalEntries, encodeEntries } from './safetensors-header.js'
import type { EncodedWeights } from './write-safetensors.js'

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

/** Writes and syncs a safetensors file from a source, with one piece in memory at a time. */
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
    await writeAll(handle, head, 0)
    for (const { tensor, offset, bytes } of placedPieces(source))
      await writeAll(handle, bytes, begins.get(source.specs[tensor]!)! + offset)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
