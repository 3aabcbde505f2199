import { existsSync, lstatSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isSuiteFolder } from '../comparison/run/suite-folder.js'
import { recordingFormat } from '../recording/formats/open-recording.js'
import { isRecording, readMetadata } from '../recording/storage/read-recording.js'
import { recorderState } from '../recording/storage/recorder-lock.js'
import { SAMPLES_FILE } from '../recording/storage/recording-files.js'
import { messageOf, UsageError } from '../shared/errors.js'
import { isComparison } from './comparison-to-judge.js'
import { assertComparisonFolder, assertNoPart } from './folders/assert-removable-comparison.js'

export interface RemovalOptions {
  /** Whether to print what would be removed, and remove nothing. */
  isDryRun: boolean
  /** Whether to remove recordings in progress too, and folders that hold files of others. */
  isForced: boolean
}

/**
 * Removes recordings and comparisons, all or none: each is checked before the first is removed.
 * Prints a line for each.
 *
 * @throws UsageError for what is neither, is a part of a comparison, is still being made, or holds
 *   files of others
 */
export function removeRecordings(paths: readonly string[], { isDryRun, isForced }: RemovalOptions): void {
  const all = paths.flatMap((path) => {
    assertRemovable(path, isForced)
    return [path, ...timeStampFile(path)]
  })
  for (const path of all) {
    if (!isDryRun) remove(path)
    process.stdout.write(`${isDryRun ? 'would remove' : 'removed'} ${path}\n`)
  }
}

/** Files that a recorder, or `tidemark show --open`, writes into the folder of a recording. */
const OWN_FILE = /^(recording\.json(\.new)?|recorder\.lock|plot\.html|\w+\.ndjson|.+\.log)$/
/**
 * Age of the last sample below which a recording is in progress. Samples come many times a second.
 */
const RECENT_MS = 10_000

function assertRemovable(path: string, isForced: boolean): void {
  if (!isForced) assertNoPart(path)
  const isLink = lstatSync(path).isSymbolicLink()
  if (!statSync(path).isDirectory()) assertRecordingFile(path)
  else if (isComparison(path) || isSuiteFolder(path)) {
    if (!isForced && !isLink) assertComparisonFolder(path)
  } else assertRecordingFolder(path, isForced)
}

function assertRecordingFolder(path: string, isForced: boolean): void {
  if (!isRecording(path))
    throw new UsageError(
      `${path} is no recording and no comparison: there is no recording.json or comparison.json in it`,
      {
        fix: 'Nothing was removed. Other folders are removed with rm -r.',
      },
    )
  if (isForced) return
  const foreign = lstatSync(path).isSymbolicLink() ? [] : readdirSync(path).filter((name) => !OWN_FILE.test(name))
  if (foreign.length > 0)
    throw new UsageError(`${path} holds what no recorder wrote: ${foreign.slice(0, 3).join(', ')}`, {
      fix: 'Nothing was removed. Move that away, or remove it too with --force.',
    })
  if (readMetadata(path).state === 'running' && isBeingMade(path))
    throw new UsageError(`${path} is still being recorded`, {
      fix: 'Nothing was removed. Wait until it ends, or remove it anyway with --force.',
    })
}

/**
 * Checks that a file is a recording. A table may be any file; files of mprof and psrecord are
 * recognized by their first line.
 */
function assertRecordingFile(path: string): void {
  const format = recordingFormat(path)
  if (format === 'csv' || format === 'json')
    throw new UsageError(`${path} is a table, and not a recording that was made by Tidemark, mprof or psrecord`, {
      fix: 'Nothing was removed. Other files are removed with rm.',
    })
}

/**
 * Returns whether a recording is in progress. Where the holder of the lock is unknown, the last
 * sample decides.
 */
function isBeingMade(path: string): boolean {
  const state = recorderState(path)
  return state === 'runs' || (state === 'unknown' && isRecent(join(path, SAMPLES_FILE)))
}

function isRecent(file: string): boolean {
  return existsSync(file) && Date.now() - statSync(file).mtimeMs < RECENT_MS
}

/**
 * Returns `mprofile_20261123204823_ts.dat`, which old versions of mprof wrote beside their file and
 * remove with it.
 */
function timeStampFile(path: string): string[] {
  const file = path.replace(/(\.[^./]*)?$/, (extension) => `_ts${extension}`)
  return path.endsWith('.dat') && existsSync(file) ? [file] : []
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true })
  } catch (error) {
    throw new UsageError(`cannot remove ${path}: ${messageOf(error)}`, {
      fix: 'Look at the owner and the mode of the folder that holds it; another user may own it.',
      cause: error,
    })
  }
}
