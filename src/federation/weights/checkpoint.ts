import { constants, createReadStream } from 'node:fs'
import { access, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, TidemarkError, UsageError } from '../../errors.js'
import { readWeights } from './read-safetensors.js'
import type { Weights } from './weights.js'
import { encodeWeights } from './write-safetensors.js'

/**
 * Replaces `file` by these weights, in safetensors. Whoever opens it sees the old weights or the new ones, whole, even
 * after a loss of power: written beside it, synced, renamed, and the folder synced.
 */
export async function writeCheckpoint(
  file: string,
  weights: Weights,
  metadata?: Record<string, string>,
): Promise<void> {
  const temporary = `${file}.part`
  try {
    await writeSynced(temporary, weights, metadata)
    await rename(temporary, file)
    await syncFolder(dirname(file))
  } catch (error) {
    await rm(temporary, { force: true })
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

async function writeSynced(file: string, weights: Weights, metadata?: Record<string, string>): Promise<void> {
  const handle = await open(file, 'w')
  try {
    for (const chunk of encodeWeights(weights, metadata).chunks()) await handle.writeFile(chunk)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
