import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { STANDARD_INPUT } from '../recording/formats/whole-content.js'
import { isRecording, readMetadata } from '../recording/storage/read-recording.js'
import { UsageError } from '../shared/errors.js'

/**
 * A recording in the current folder that has an index: a folder of `tidemark run`, or a file of
 * `mprof run`.
 */
export interface RecordingHere {
  name: string
  kind: 'tidemark' | 'mprof'
  /** Start of the recording: from its name, or from its metadata where --out set the name. */
  started: Date
  /** Whether the user named it (--out). */
  isNamed: boolean
}

const NAME = /^(?:mprofile_(\d{14})\.dat|tidemark-(\d{14}))$/

/** Returns recordings by start time, the oldest first. The place in this list is the index. */
export function recordingsHere(folder = '.'): RecordingHere[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry): RecordingHere[] => {
      const [, ofMprof, ofTidemark] = NAME.exec(entry.name) ?? []
      const { name } = entry
      if (ofMprof !== undefined && entry.isFile())
        return [{ name, kind: 'mprof', started: timeOf(ofMprof), isNamed: false }]
      const path = join(folder, name)
      if (!entry.isDirectory() || !isRecording(path)) return []
      return ofTidemark === undefined
        ? [{ name, kind: 'tidemark', started: startOf(path), isNamed: true }]
        : [{ name, kind: 'tidemark', started: timeOf(ofTidemark), isNamed: false }]
    })
    .sort((a, b) => a.started.getTime() - b.started.getTime() || (a.name < b.name ? -1 : 1))
}

/** Reads the start from the metadata. Where that cannot be read, the time of the file is used. */
function startOf(folder: string): Date {
  try {
    return new Date(readMetadata(folder).startedMs)
  } catch (error) {
    if (error instanceof UsageError) return statSync(folder).mtime
    throw error
  }
}

/** Parses `20261123204823`. */
function timeOf(digits: string): Date {
  const [year, month, day, hour, minute, second] = [0, 4, 6, 8, 10, 12].map((from, i) =>
    Number(digits.slice(from, i === 0 ? 4 : from + 2)),
  ) as [number, number, number, number, number, number]
  return new Date(year, month - 1, day, hour, minute, second)
}

/**
 * Returns the paths of the recordings that a command line names: by index (0 the oldest, -1 the
 * newest), by path, or `-` for standard input, each once. A file whose name is a number is written
 * as `./5`.
 *
 * @throws UsageError for an index or a path that does not exist
 */
export function namedRecordings(names: readonly string[]): string[] {
  const here = recordingsHere()
  return [...new Set(names.map((name) => (/^-?\d+$/.test(name) ? byIndex(Number(name), here) : byPath(name))))]
}

/**
 * Returns the newest recording here, for verbs called without one, and names it on standard error.
 */
export function newestRecording(verb: string): string {
  const newest = recordingsHere().at(-1)
  if (newest === undefined)
    throw new UsageError(`${verb}: no recording was named, and the current folder holds none`, {
      fix: 'Name a file or folder, or make a recording: tidemark run -- COMMAND',
    })
  process.stderr.write(`the newest recording: ${newest.name}\n`)
  return newest.name
}

function byIndex(index: number, here: readonly RecordingHere[]): string {
  const found = here.at(index)
  if (found !== undefined) return found.name
  const last = here.length - 1
  const range =
    here.length === 1 ? 'the only one is 0, or -1' : `0 (oldest) to ${last}, or -${here.length} to -1 (newest)`
  throw new UsageError(
    here.length === 0
      ? `there is no recording ${index}: the current folder holds none`
      : `there is no recording ${index}; in the current folder: ${range}`,
    { fix: 'tidemark list shows them.' },
  )
}

function byPath(path: string): string {
  if (path === STANDARD_INPUT) return path
  if (existsSync(path)) return path.length > 1 ? path.replace(/\/+$/, '') : path
  throw new UsageError(`there is no file or folder ${path}`, { fix: 'tidemark list shows the recordings here.' })
}
