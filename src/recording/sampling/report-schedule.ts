const PROGRESS_INTERVAL_MS = 5000
/**
 * Interval of progress while no process has come, gone or moved: RSS below the peak is in the
 * samples anyway.
 */
const IDLE_PROGRESS_INTERVAL_MS = 30_000

/** Decides when the sampler reports its newest sample, and its progress. */
export class ReportSchedule {
  /** When a report may be due next: Unix time in ms. */
  dueMs: number
  readonly #latestIntervalMs: number | null
  #latestDueMs = 0
  #progressDueMs: number
  #progressMs = 0
  /** Whether a process has come, gone or moved since the last progress. */
  #hasMoved = false

  /** @param latestIntervalMs null if the newest sample is not reported */
  constructor(latestIntervalMs: number | null, timeMs: number) {
    this.#latestIntervalMs = latestIntervalMs
    this.#progressDueMs = timeMs + PROGRESS_INTERVAL_MS
    this.dueMs = latestIntervalMs === null ? this.#progressDueMs : 0
  }

  /** Notes that a process has come, gone or moved. */
  moved(): void {
    this.#hasMoved = true
  }

  /** Makes a look at both reports due now. */
  lookNow(): void {
    this.dueMs = 0
    this.#progressDueMs = 0
  }

  /** Returns whether the newest sample is to be reported now, and plans its next report. */
  takeLatest(timeMs: number): boolean {
    if (this.#latestIntervalMs === null || timeMs < this.#latestDueMs) return false
    this.#latestDueMs = timeMs + this.#latestIntervalMs
    this.#plan()
    return true
  }

  /** Returns whether progress is to be reported now, and plans its next report. */
  takeProgress(timeMs: number): boolean {
    if (timeMs < this.#progressDueMs) return false
    this.#progressDueMs = timeMs + PROGRESS_INTERVAL_MS
    this.#plan()
    if (!this.#hasMoved && timeMs - this.#progressMs < IDLE_PROGRESS_INTERVAL_MS) return false
    this.#hasMoved = false
    this.#progressMs = timeMs
    return true
  }

  #plan(): void {
    const isReported = this.#latestIntervalMs !== null
    this.dueMs = isReported ? Math.min(this.#progressDueMs, this.#latestDueMs) : this.#progressDueMs
  }
}
