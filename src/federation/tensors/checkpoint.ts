import { constants, createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { replaceFileBy } from '../../shared/atomic-write.js'
import { messageOf, TidemarkError, UsageError } from '../../shared/errors.js'
import type { GlobalState } from './global-state.js'
import { readWeights } from './safetensors/read-safetensors.js'
import { writeEncoded } from './safetensors/write-state-file.js'
import type { Weights } from './weights.js'

/**
 * Replaces `file` by this state, in safetensors. Readers see the old weights or the new ones,
 * whole, even after a loss of power.
 */
export async function writeCheckpoint(
  file: string,
  state: GlobalState,
  metadata?: Record<string, string>,
): Promise<void> {
  try {
    await replaceFileBy(file, (part) => writeEncoded(part, state.encode(metadata)))
  } catch (error) {
    throw new TidemarkError(`the checkpoint ${file} could not be written: ${messageOf(error)}`, { cause: error })
  }
}

/** Fails now, before the job, where {@link writeCheckpoint} would fail after the first round. */
export async function assertCheckpointWritable(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK)
  } catch (error) {
    throw new UsageError(`the checkpoint ${file} cannot be written: ${messageOf(error)}`, {
      fix: 'Give --checkpoint a file in a folder that exists and is writable.',
      cause: error,
    })
  }
}

export function readCheckpoint(file: string): Promise<Weights> {
  return readWeights(createReadStream(file), { maxBytes: Number.MAX_SAFE_INTEGER })
}
