import { join } from 'node:path'
import type { FolderLock } from '../../linux/files/folder-lock.js'
import { nowMs } from '../../shared/clock.js'
import { messageOf, systemErrorCode, TidemarkError } from '../../shared/errors.js'
import type { Span } from '../recorder-handle.js'
import type { RecordedProcess, RecordingMetadata } from '../recording.js'
import { Warnings } from '../warnings.js'
import { appendLine } from './append-line.js'
import { METADATA_FILE } from './metadata-file.js'
import { MetadataWriter } from './metadata-writer.js'
import { SAMPLES_FILE, SHARED_FILE } from './recording-files.js'

export interface RecordingWriterOptions {
  folder: string
  marksFile: string
  lock: FolderLock
  /** Returns the processes as known now. */
  processes(): RecordedProcess[]
  /** Called once, when a file can no longer be written. */
  onFailure(error: TidemarkError): void
}

/**
 * Writes the files of a recording, except the samples, which the sampling thread writes. After the
 * first failure it writes no more lines.
 */
export class RecordingWriter {
  readonly #head: RecordingMetadata
  readonly #options: RecordingWriterOptions
  readonly #metadata: MetadataWriter
  readonly #warnings = new Warnings()
  #failure: TidemarkError | null = null

  constructor(head: RecordingMetadata, options: RecordingWriterOptions) {
    this.#head = head
    this.#options = options
    this.#metadata = new MetadataWriter(head, {
      folder: options.folder,
      processes: options.processes,
      warnings: () => this.#warnings.list(),
      onUnwritable: (problem) => this.#cannotWrite(METADATA_FILE, problem),
    })
  }

  /** Whether everything could be written so far. */
  get isWhole(): boolean {
    return this.#failure === null
  }

  save(): void {
    this.#metadata.save()
  }

  saveSoon(): void {
    this.#metadata.saveSoon()
  }

  /** Adds a warning for every reader of the recording. */
  warn(message: string): void {
    this.#warnings.add(message)
    this.saveSoon()
  }

  /** Adds to the warning about rounds of which nothing could be read. */
  warnOfMissed(round: number): void {
    this.#warnings.missed(round)
    this.saveSoon()
  }

  /** @param line a mark as JSON, without its newline */
  appendMark(line: string): void {
    this.#append(this.#options.marksFile, line)
  }

  /** @param line a reading of PSS and USS as JSON, without its newline */
  appendShared(line: string): void {
    this.#append(join(this.#options.folder, SHARED_FILE), line)
  }

  /** Notes that the sampling thread can no longer write samples. */
  samplesFailed(problem: string): void {
    this.#cannotWrite(SAMPLES_FILE, problem)
  }

  fail(error: TidemarkError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#options.onFailure(error)
  }

  /** Stops delayed writes, once the end of the recording has begun. */
  close(): void {
    this.#metadata.close()
  }

  /** Writes the metadata of the ended recording, and lets others record into the folder. */
  finish(state: RecordingMetadata['state'], reason: string | null, span?: Span): RecordingMetadata {
    const head = this.#head
    head.startedMs = span?.startedMs ?? head.startedMs
    head.endedMs = span?.endedMs ?? nowMs()
    head.state = this.#failure === null ? state : 'failed'
    head.reason = this.#failure?.message ?? reason
    this.save()
    this.#options.lock.release()
    return head
  }

  #append(file: string, line: string): void {
    if (this.#failure !== null) return
    try {
      appendLine(file, line)
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
      this.fail(cannotWrite(file, messageOf(error)))
    }
  }

  #cannotWrite(file: string, problem: string): void {
    this.fail(cannotWrite(join(this.#options.folder, file), problem))
  }
}

function cannotWrite(file: string, problem: string): TidemarkError {
  return new TidemarkError(`the recording can no longer be written (${file}): ${problem}`, {
    fix: 'What was recorded until then is kept and can be read. Make room and record again.',
  })
}
