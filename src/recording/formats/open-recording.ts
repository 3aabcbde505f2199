import { statSync } from 'node:fs'
import { messageOf, systemErrorCode, UsageError } from '../../shared/errors.js'
import { Lines } from './lines.js'
import { mprofRuns, readMprof, runsNote } from './mprof.js'
import { readPsrecord } from './psrecord.js'
import type { OnReading, ReadingEvent, RecordingEvent } from './recording-event.js'
import { momentOf } from './table/blocks.js'
import { columnMeaning } from './table/columns/column-names.js'
import { kindOfCell } from './table/columns/column-values.js'
import { jsonTable, OF_OURS } from './table/json-table.js'
import { isLogfmt, logfmtTable } from './table/logfmt.js'
import { eventsOf, readTable, type TablePart } from './table/read-table.js'
import { type Table, textTable } from './table/rows.js'
import { isStatusLine, statusTable } from './table/status-lines.js'
import type { TableOptions } from './table/table-options.js'
import { textChunks } from './table/text-chunks.js'
import { readTidemark, readTidemarkPast } from './tidemark.js'
import { STANDARD_INPUT, wholeContent } from './whole-content.js'

export type RecordingFormat = 'tidemark' | 'mprof' | 'psrecord' | 'csv' | 'json'

export interface RecordingFile {
  path: string
  format: RecordingFormat
  /** Which of several series or runs in one file this is; null if the file holds one. */
  part: string | null
  /** Reads the file from its beginning at each call. */
  events(): Iterable<RecordingEvent>
  /**
   * Reads the same, but passes the readings to a function, in order with the events: four times as
   * fast.
   */
  eventsPast(onReading: OnReading): Iterable<Exclude<RecordingEvent, ReadingEvent>>
}

/**
 * Opens a file that must hold exactly one recording.
 *
 * @throws UsageError as {@link openRecordings}, and if the file holds several series
 */
export function openRecording(path: string, options: TableOptions = {}): RecordingFile {
  const [only, ...others] = openRecordings(path, options)
  if (others.length === 0) return only!
  const names = [only!, ...others].map(({ part }) => part)
  throw new UsageError(
    `${path} holds ${names.length} series: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}; expected one`,
    { fix: 'tidemark analyze judges each; write the one that is meant into a file of its own.' },
  )
}

/**
 * Opens a recording of any known kind: a Tidemark folder, a `.dat` file of mprof, a log of
 * psrecord, or a table as CSV, as JSON or with blanks between its columns. The content decides, not
 * the name. A table yields one recording per series.
 *
 * @throws UsageError if there is no file, or none of a known kind
 */
export function openRecordings(path: string, options: TableOptions = {}): RecordingFile[] {
  if (path !== STANDARD_INPUT && isFolder(path)) {
    const eventsPast = (onReading: OnReading) => pastReadings(readTidemarkPast(path, onReading), onReading)
    return [{ path, format: 'tidemark', part: null, events: () => readTidemark(path), eventsPast }]
  }
  const content = wholeContent(path)
  const lines = () => new Lines(path, content)
  const format = formatOf(path, content)
  if (format === 'mprof') return [streamed(path, format, null, () => readMprof(lines()))]
  if (format === 'psrecord') return [streamed(path, format, null, () => readPsrecord(lines()))]
  const table = format === 'json' ? jsonTable(path, content) : tableOfText(path, content)
  const parts = readTable(table, options)
  if (parts.length === 0) return [streamed(path, format, null, () => [])]
  return parts.map((part: TablePart) => streamed(path, format, part.name, () => eventsOf(part)))
}

/** Detects the format of a path by its first line. */
export function recordingFormat(path: string): RecordingFormat {
  return path !== STANDARD_INPUT && isFolder(path) ? 'tidemark' : formatOf(path, wholeContent(path))
}

/**
 * Splits a recording into its runs, since mprof appends to an existing file. Returns a recording
 * with a single run unchanged.
 */
export function runsOf(file: RecordingFile): RecordingFile[] {
  if (file.format !== 'mprof') return [file]
  const runs = mprofRuns(file.events())
  if (runs < 2) return [file]
  return Array.from({ length: runs }, (_, run) => {
    const part = `run ${run + 1} of ${runs}`
    return streamed(file.path, file.format, part, () => ofRun(file.events(), run, runsNote(file.path, runs)))
  })
}

/**
 * Yields the events of one run.
 *
 * @param noteOfWhole the note for a file read as one recording, which does not apply here
 */
function* ofRun(
  events: Iterable<RecordingEvent>,
  asked: number,
  noteOfWhole: string,
): Generator<RecordingEvent, undefined> {
  let run = -1
  for (const event of events) {
    if (event.kind === 'command') run++
    if (event.kind === 'note' && event.message === noteOfWhole) continue
    if (Math.max(0, run) === asked) yield event
    else if (run > asked) return
  }
}

function streamed(
  path: string,
  format: RecordingFormat,
  part: string | null,
  events: () => Iterable<RecordingEvent>,
): RecordingFile {
  return { path, format, part, events, eventsPast: (onReading) => pastReadings(events(), onReading) }
}

function* pastReadings(
  events: Iterable<RecordingEvent>,
  onReading: OnReading,
): Generator<Exclude<RecordingEvent, ReadingEvent>, undefined> {
  for (const event of events) {
    if (event.kind === 'reading') onReading(event.pid, event.timeMs, event.rssBytes)
    else yield event
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT')
      throw new UsageError(`there is no file or folder ${path}`, { cause: error })
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** Detects the kind of a table by its first line that holds more than a time. */
function tableOfText(path: string, content: Buffer | undefined): Table {
  for (const line of new Lines(path, content)) {
    if (line.trim() === '' || momentOf([line], true) !== undefined) continue
    if (isLogfmt(line)) return logfmtTable(path, content)
    if (isStatusLine(line)) return statusTable(path, content)
    break
  }
  return textTable(path, content)
}

const MPROF_TAG = /^(CMDLINE|MEM|CHLD|FUNC|TIDEMARK|PROCESS|ROUND) /
const OPEN_METRICS = /^# (?:HELP|TYPE|UNIT|EOF)\b/
const PSRECORD_HEADER = /^#\s*Elapsed time\s+CPU/

function formatOf(path: string, content: Buffer | undefined): Exclude<RecordingFormat, 'tidemark'> {
  if (isJson(path, content)) return 'json'
  const lines = new Lines(path, content)
  for (const line of lines) {
    if (line.trim() === '') continue
    if (OPEN_METRICS.test(line))
      throw new UsageError(`${path} is OpenMetrics, the text of Prometheus, expected a recording or a table`, {
        fix: `${OF_OURS} Of Prometheus: what its HTTP API answers to query_range is read as JSON.`,
      })
    if (MPROF_TAG.test(line)) return 'mprof'
    if (PSRECORD_HEADER.test(line)) return 'psrecord'
    if (/[,;\t|]/.test(line) || isLogfmt(line) || /\S\s+\S/.test(line) || isOneColumn(line.trim())) return 'csv'
    throw lines.error(line, EXPECTED)
  }
  throw new UsageError(`${path} is empty, expected ${EXPECTED}`)
}

function isJson(path: string, content: Buffer | undefined): boolean {
  for (const chunk of textChunks(path, content)) {
    const start = chunk.trimStart()
    if (start !== '') return /^(?:\{\s*["}]|\[\s*(?:[[{"\]]|(?:null|-?\d[\d.e+-]*)\s*[,\]]))/.test(start)
  }
  return false
}

function isOneColumn(line: string): boolean {
  return columnMeaning(line).kind !== 'unknown' || kindOfCell(line) !== 'text'
}

const EXPECTED =
  'a recording: a .dat file of mprof (CMDLINE, MEM, ...), a log of psrecord (# Elapsed time ...), or a table as CSV or JSON with columns such as round,rss or time,rss'
