import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openRecording, type RecordingFile } from '../recording/formats/open-recording.js'
import { UsageError } from '../shared/errors.js'

/**
 * Argument of the matchers: a recording that was read, or the path of any recording that Tidemark
 * reads.
 */
export type Recorded = string | { folder: string }

/**
 * Opens a recording.
 *
 * @throws UsageError when the argument is not a recording
 */
export function recordedFile(recorded: Recorded): RecordingFile {
  const path = typeof recorded === 'string' ? recorded : recorded?.folder
  if (typeof path !== 'string')
    throw new UsageError(
      `expect() was given ${JSON.stringify(recorded) ?? String(recorded)}, expected a recording: what record() resolves to, or the path of a recording`,
    )
  if (existsSync(join(path, 'comparison.json')))
    throw new UsageError(`${path} is the folder of a comparison, and the matchers take one recording`, {
      fix: `Name one of its trials, such as ${join(path, 'trials/0001-...')}, or hold all of it against a baseline: tidemark check ${path}`,
    })
  return openRecording(path)
}
