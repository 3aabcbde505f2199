import { nowMs } from '../../shared/clock.js'
import type { RecordingOptions } from '../recorder-handle.js'
import type { RecordedProcess, RecordingMetadata } from '../recording.js'
import { writeMetadata } from './metadata-file.js'

/** Shortest time between two writes while processes come and go. */
const SAVE_INTERVAL_MS = 1000

export interface MetadataWriterOptions {
  folder: string
  /** Returns the processes as known now. */
  processes(): RecordedProcess[]
  warnings(): string[]
  /** Called with why the file could not be written. */
  onUnwritable(problem: string): void
}

/** Keeps `recording.json` up to date without writing it for every process that comes or goes. */
export class MetadataWriter {
  readonly #head: RecordingMetadata
  readonly #options: MetadataWriterOptions
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(head: RecordingMetadata, options: MetadataWriterOptions) {
    this.#head = head
    this.#options = options
  }

  saveSoon(): void {
    if (this.#timer !== null || this.#isClosed) return
    this.#timer = setTimeout(() => this.save(), SAVE_INTERVAL_MS)
    this.#timer.unref()
  }

  save(): void {
    this.#forgetTimer()
    this.#head.processes = this.#options.processes()
    const warnings = this.#options.warnings()
    if (warnings.length > 0) this.#head.warnings = warnings
    const problem = writeMetadata(this.#options.folder, this.#head)
    if (problem !== null) this.#options.onUnwritable(problem)
  }

  /** Stops delayed writes; from now on only `save` writes. */
  close(): void {
    this.#isClosed = true
    this.#forgetTimer()
  }

  #forgetTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

export function newHead({ command, setting, machine, rateHz }: RecordingOptions): RecordingMetadata {
  return {
    format: 'tidemark-recording/1',
    command: [...command],
    setting,
    startedMs: nowMs(),
    endedMs: null,
    state: 'running',
    reason: null,
    machine,
    sampling: {
      askedIntervalMs: 1000 / rateHz,
      achievedIntervalMs: null,
      samples: 0,
      readings: { read: 0, gone: 0, unreadable: 0 },
    },
    processes: [],
  }
}
