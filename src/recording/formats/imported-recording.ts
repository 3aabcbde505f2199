import { basename } from 'node:path'
import { openRecording, type RecordingFormat } from './open-recording.js'
import type { FunctionEvent, ProcessEvent, RoundEvent } from './recording-event.js'
import type { TableOptions } from './table/table-options.js'

/**
 * A recording of any format, held in memory for analysis. Figures downsample it while they read it
 * instead.
 */
export interface ImportedRecording {
  path: string
  /** Name of the file or folder, without its path. */
  name: string
  format: RecordingFormat
  command: string | null
  /**
   * Series of the whole first, then those of the processes in order of appearance. Empty for a
   * table of rounds.
   */
  series: Series[]
  rounds: RoundEvent[]
  functions: FunctionEvent[]
  processes: ProcessEvent[]
  notes: string[]
}

/** RSS over time in two columns, 16 bytes per reading. */
export interface Series {
  /** Process ID; null for the whole. */
  pid: number | null
  name: string
  /** Unix ms, or ms since the start in formats without a date. */
  timesMs: Float64Array
  /** RSS in bytes; NaN where nothing could be read. */
  rssBytes: Float64Array
}

/**
 * Reads a whole recording into memory.
 *
 * @throws UsageError with the file, the line, what was found and what was expected
 */
export function importRecording(path: string, options: TableOptions = {}): ImportedRecording {
  const file = openRecording(path, options)
  const name = basename(path.replace(/\/+$/, ''))
  const recording: ImportedRecording = {
    path,
    name,
    format: file.format,
    command: null,
    series: [],
    rounds: [],
    functions: [],
    processes: [],
    notes: [],
  }
  const columns = new Map<number | null, Columns>()
  const onReading = (pid: number | null, timeMs: number, rssBytes: number | null) => {
    const column = columns.get(pid) ?? new Columns()
    columns.set(pid, column)
    column.add(timeMs, rssBytes ?? Number.NaN)
  }
  for (const event of file.eventsPast(onReading)) {
    if (event.kind === 'command') recording.command ??= event.command
    else if (event.kind === 'round') recording.rounds.push(event)
    else if (event.kind === 'function') recording.functions.push(event)
    else if (event.kind === 'process') recording.processes.push(event)
    else if (event.kind === 'note') recording.notes.push(event.message)
  }
  recording.series = [...columns].map(([pid, column]) => ({
    pid,
    name: pid === null ? name : (recording.processes.find((process) => process.pid === pid)?.name ?? `pid ${pid}`),
    ...column.done(),
  }))
  return recording
}

/** Columns that grow by half, so that a reading is copied three times at most on average. */
class Columns {
  #timesMs = new Float64Array(1024)
  #rssBytes = new Float64Array(1024)
  #length = 0

  add(timeMs: number, rssBytes: number): void {
    if (this.#length === this.#timesMs.length) {
      const length = Math.ceil(this.#length * 1.5)
      this.#timesMs = grown(this.#timesMs, length)
      this.#rssBytes = grown(this.#rssBytes, length)
    }
    this.#timesMs[this.#length] = timeMs
    this.#rssBytes[this.#length] = rssBytes
    this.#length++
  }

  done(): Pick<Series, 'timesMs' | 'rssBytes'> {
    return { timesMs: this.#timesMs.subarray(0, this.#length), rssBytes: this.#rssBytes.subarray(0, this.#length) }
  }
}

function grown(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length)
  larger.set(column)
  return larger
}
