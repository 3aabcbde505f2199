import { nowMs } from './clock.js'
import { writeHead } from './head-file.js'
import type { RecordingOptions } from './recorder-handle.js'
import type { RecordedProcess, RecordingHead } from './recording.js'

/** The head is rewritten at most this often while processes come and go. */
const SAVE_INTERVAL_MS = 1000

export interface HeadKeeperOptions {
  folder: string
  /** As they are known now. */
  processes(): RecordedProcess[]
  warnings(): string[]
  onFull(): void
}

/** Keeps `recording.json` up to date, without writing it for every process that comes or goes. */
export class HeadKeeper {
  readonly #head: RecordingHead
  readonly #options: HeadKeeperOptions
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(head: RecordingHead, options: HeadKeeperOptions) {
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
    if (!writeHead(this.#options.folder, this.#head)) this.#options.onFull()
  }

  /** From now on only `save` writes. */
  close(): void {
    this.#isClosed = true
    this.#forgetTimer()
  }

  #forgetTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

export function newHead({ command, setting, machine, rateHz }: RecordingOptions): RecordingHead {
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
