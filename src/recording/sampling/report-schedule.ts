const LATEST_INTERVAL_MS = 500
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
  readonly #reportsLatest: boolean
  #latestDueMs = 0
  #progressDueMs: number
  #progressMs = 0
  /** Whether a process has come, gone or moved since the last progress. */
  #hasMoved = false

  /** @param reportsLatest whether the newest sample is reported at all */
  constructor(reportsLatest: boolean, timeMs: number) {
    this.#reportsLatest = reportsLatest
    this.#progressDueMs = timeMs + PROGRESS_INTERVAL_MS
    this.dueMs = reportsLatest ? 0 : this.#progressDueMs
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
    if (!this.#reportsLatest || timeMs < this.#latestDueMs) return false
    this.#latestDueMs = timeMs + LATEST_INTERVAL_MS
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
    this.dueMs = this.#reportsLatest ? Math.min(this.#progressDueMs, this.#latestDueMs) : this.#progressDueMs
  }
}
