import { existsSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FolderLock } from '../../linux/files/folder-lock.js'
import { makeFolder } from '../../linux/files/make-folder.js'
import { messageOf, UsageError } from '../../shared/errors.js'
import type { RecordingMetadata } from '../recording.js'
import { writeMetadata } from './metadata-file.js'
import { lockRecording } from './recorder-lock.js'

/** Files in a recording's folder beside its metadata (docs/file-formats.md). */
export const MARKS_FILE = 'marks.ndjson'
export const SAMPLES_FILE = 'samples.ndjson'
export const SHARED_FILE = 'shared.ndjson'

/**
 * Creates every file now, so that a bad path fails before anything is started.
 *
 * @returns the lock that keeps other recorders out of the folder
 * @throws UsageError when the folder cannot be written, or another recorder writes into it
 */
export function makeRecordingFiles(folder: string, marksFile: string, head: RecordingMetadata): FolderLock {
  const cannot = (problem: string, cause?: unknown) =>
    new UsageError(`cannot record into ${folder}: ${problem}`, { cause })
  try {
    makeFolder(folder)
  } catch (error) {
    throw cannot(messageOf(error), error)
  }
  const lock = lockRecording(folder)
  try {
    writeFileSync(join(folder, SAMPLES_FILE), '')
    writeFileSync(marksFile, '')
    const problem = writeMetadata(folder, head)
    if (problem !== null) throw cannot(problem)
    return lock
  } catch (error) {
    lock.release()
    throw error instanceof UsageError ? error : cannot(messageOf(error), error)
  }
}

/**
 * Prepares to take a recording back that could not begin. Otherwise it would be the newest one, and
 * its folder would be refused for the next.
 *
 * @returns a function that removes what the folder did not hold before, and folders that were made
 *   for it
 */
export function undoRecording(folder: string): () => void {
  const made: string[] = []
  for (let path = folder; !existsSync(path); path = dirname(path)) made.push(path)
  const before = made.length > 0 ? [] : readdirSync(folder)
  return () => {
    if (!existsSync(folder)) return
    const added = readdirSync(folder).filter((name) => !before.includes(name))
    for (const name of added) rmSync(join(folder, name), { recursive: true, force: true })
    for (const path of made) removeIfEmpty(path)
  }
}

export function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder)
}
