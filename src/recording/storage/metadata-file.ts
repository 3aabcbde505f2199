import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../shared/atomic-write.js'
import { messageOf, systemErrorCode } from '../../shared/errors.js'
import type { RecordingMetadata } from '../recording.js'

export const METADATA_FILE = 'recording.json'

/**
 * Writes `recording.json` as a whole or not at all: readers see the old or the new one, even after
 * a crash.
 * @returns null, or why it can be neither replaced nor overwritten
 */
export function writeMetadata(folder: string, head: RecordingMetadata): string | null {
  const file = join(folder, METADATA_FILE)
  const text = `${JSON.stringify(head, null, 2)}\n`
  try {
    replaceFile(file, text)
    return null
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return overwriteHead(file, head) ? null : messageOf(error)
  }
}

/**
 * Writes the new metadata over the old. On a full disk there is no room for a second file, but the
 * old one's blocks are ours; the text has no indentation and is padded with blanks. A crash at that
 * moment can break the file, but otherwise it would say for ever that the recording still runs.
 */
function overwriteHead(file: string, head: RecordingMetadata): boolean {
  try {
    const text = JSON.stringify(head)
    const { size } = statSync(file)
    if (Buffer.byteLength(text) >= size) return false
    const descriptor = openSync(file, 'r+')
    writeSync(descriptor, `${text}${' '.repeat(size - Buffer.byteLength(text) - 1)}\n`, 0)
    fsyncSync(descriptor)
    closeSync(descriptor)
    return true
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return false
  }
}
