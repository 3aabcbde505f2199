import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces a file whole: readers see the old or the new one, and after a failure the old one stays.
 *
 * @param isSynced the new content is on the disk before it takes its place, so it survives a loss
 *   of power
 * @throws the system's error
 */
export function replaceFile(file: string, content: string | Uint8Array, { isSynced = false } = {}): void {
  const part = `${file}.part`
  try {
    const descriptor = openSync(part, 'w')
    try {
      writeFileSync(descriptor, content)
      if (isSynced) fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/**
 * Replaces a file by what `write` puts into the file of the given name, and syncs the folder.
 * `write` syncs its file.
 *
 * @throws what `write` throws, or the system's error; the old file then stays
 */
export async function replaceFileBy(file: string, write: (part: string) => Promise<void>): Promise<void> {
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

/** Puts the names in a folder on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Writes all bytes at a position in a file. One write may take fewer bytes than it was given, at
 * the latest when the disk is full; the next one then fails with the reason.
 */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/**
 * Does the same at once. @param position from the start of the file; null appends where the file
 * stands
 */
export function writeAllSync(descriptor: number, bytes: Uint8Array, position: number | null): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(descriptor, bytes, done, bytes.length - done, position === null ? null : position + done)
}
