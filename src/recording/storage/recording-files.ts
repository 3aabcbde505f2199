import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
