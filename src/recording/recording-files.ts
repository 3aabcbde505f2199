import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, UsageError } from '../errors.js'
import { makeFolder } from '../linux/make-folder.js'
import { writeHead } from './head-file.js'
import type { RecordingHead } from './recording.js'

/** What lies in a recording's folder beside its head (docs/file-formats.md). */
export const MARKS_FILE = 'marks.ndjson'
export const SAMPLES_FILE = 'samples.ndjson'
export const SHARED_FILE = 'shared.ndjson'

/**
 * Every file is made now: a bad path fails before anything is started.
 *
 * @throws UsageError when the folder cannot be written
 */
export function makeRecordingFiles(folder: string, marksFile: string, head: RecordingHead): void {
  try {
    makeFolder(folder)
    writeFileSync(join(folder, SAMPLES_FILE), '')
    writeFileSync(marksFile, '')
  } catch (error) {
    throw new UsageError(`cannot record into ${folder}: ${messageOf(error)}`, { cause: error })
  }
  if (!writeHead(folder, head))
    throw new UsageError(`cannot record into ${folder}: there is no room for its first file`)
}
