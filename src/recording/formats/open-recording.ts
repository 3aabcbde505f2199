import { statSync } from 'node:fs'
import { messageOf, systemErrorCode, UsageError } from '../../errors.js'
import { type CsvOptions, readCsv } from './csv.js'
import { Lines } from './lines.js'
import { readMprof } from './mprof.js'
import { pipedContent, STANDARD_INPUT } from './piped-content.js'
import { readPsrecord } from './psrecord.js'
import type { OnReading, ReadingEvent, RecordingEvent } from './recording-event.js'
import { readTidemark, readTidemarkPast } from './tidemark.js'

export type RecordingFormat = 'tidemark' | 'mprof' | 'psrecord' | 'csv'

export interface RecordingFile {
  path: string
  format: RecordingFormat
  /** Reads the file from its beginning, each time it is called. */
  events(): Iterable<RecordingEvent>
  /** The same, where the readings are not among the events but given to a function, in their place: four times as fast. */
  eventsPast(onReading: OnReading): Iterable<Exclude<RecordingEvent, ReadingEvent>>
}

/**
 * Opens a recording of any kind that is known: a folder of Tidemark's, a `.dat` file of mprof, a log of psrecord, or CSV.
 * The content decides, not the name. What can be read only once, a pipe or `-` for standard input, is kept in memory.
 *
 * @throws UsageError when there is nothing, or nothing that is known
 */
export function openRecording(path: string, options: CsvOptions = {}): RecordingFile {
  const isFolderHere = path !== STANDARD_INPUT && isFolder(path)
  const content = isFolderHere ? undefined : pipedContent(path)
  const lines = () => new Lines(path, content)
  const format = isFolderHere ? 'tidemark' : formatOf(lines())
  const read: Record<RecordingFormat, () => Iterable<RecordingEvent>> = {
    tidemark: () => readTidemark(path),
    mprof: () => readMprof(lines()),
    psrecord: () => readPsrecord(lines()),
    csv: () => readCsv(lines(), options),
  }
  const eventsPast = (onReading: OnReading) =>
    pastReadings(format === 'tidemark' ? readTidemarkPast(path, onReading) : read[format](), onReading)
  return { path, format, events: read[format], eventsPast }
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

const MPROF_TAG = /^(CMDLINE|MEM|CHLD|FUNC|TIDEMARK|PROCESS|ROUND) /
const PSRECORD_HEADER = /^#\s*Elapsed time\s+CPU/

function formatOf(lines: Lines): RecordingFormat {
  for (const line of lines) {
    if (MPROF_TAG.test(line)) return 'mprof'
    if (PSRECORD_HEADER.test(line)) return 'psrecord'
    if (/[,;\t]/.test(line)) return 'csv'
    throw lines.error(line, EXPECTED)
  }
  throw new UsageError(`${lines.file} is empty, expected ${EXPECTED}`)
}

const EXPECTED =
  'a recording: a .dat file of mprof (CMDLINE, MEM, ...), a log of psrecord (# Elapsed time ...), or CSV whose first line names its columns (time,rss)'
