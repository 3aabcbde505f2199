import type { SamplingFacts } from '../recording.js'
import { PLAN } from './native/struct-layout.js'

/**
 * Width of a lateness step. Lateness is counted in steps of 20 us up to 20 ms; the last step holds
 * anything later.
 */
const STEP_MS = 0.02
const STEPS = 1000

/**
 * Plans when samples are due and measures how well that is kept. Memory does not grow with the
 * number of samples.
 */
export class SamplingSchedule {
  readonly #intervalMs: number
  readonly #startMs: number
  readonly #lateness = new Uint32Array(STEPS)
  #planned = 0
  #samples = 0
  #missed = 0
  #firstMs = 0
  #lastMs = 0
  #latestMs = 0

  constructor(intervalMs: number, startMs: number) {
    this.#intervalMs = intervalMs
    this.#startMs = startMs
  }

  /**
   * Unix time in ms at which the next sample is due. Deadlines are absolute: a late sample does not
   * delay the others.
   */
  get dueMs(): number {
    return this.#startMs + this.#planned * this.#intervalMs
  }

  /** Passes the due times to the native loop. */
  exportState(plan: Float64Array): void {
    plan[PLAN.startMs] = this.#startMs
    plan[PLAN.intervalMs] = this.#intervalMs
    plan[PLAN.planned] = this.#planned
  }

  /**
   * Notes that a sample was taken. Deadlines that passed meanwhile are skipped, not made up for.
   */
  taken(timeMs: number): void {
    const lateMs = Math.max(0, timeMs - this.dueMs)
    this.#lateness[Math.min(STEPS - 1, Math.floor(lateMs / STEP_MS))]!++
    this.#latestMs = Math.max(this.#latestMs, lateMs)
    if (this.#samples === 0) this.#firstMs = timeMs
    this.#lastMs = timeMs
    this.#samples++
    const next = this.#nextAfter(timeMs)
    this.#missed += next - this.#planned - 1
    this.#planned = next
  }

  /** Notes a moment at which there was nothing to sample. */
  passed(timeMs: number): void {
    this.#planned = this.#nextAfter(timeMs)
  }

  #nextAfter(timeMs: number): number {
    return Math.max(this.#planned + 1, Math.floor((timeMs - this.#startMs) / this.#intervalMs) + 1)
  }

  facts(): Pick<SamplingFacts, 'askedIntervalMs' | 'achievedIntervalMs' | 'samples' | 'missed' | 'jitterMs'> {
    return {
      askedIntervalMs: this.#intervalMs,
      achievedIntervalMs: this.#samples < 2 ? null : (this.#lastMs - this.#firstMs) / (this.#samples - 1),
      samples: this.#samples,
      missed: this.#missed,
      jitterMs:
        this.#samples === 0
          ? null
          : { median: this.#latenessOf(0.5), p99: this.#latenessOf(0.99), max: round(this.#latestMs) },
    }
  }

  /** Returns the upper edge of the step that holds the quantile, at most the latest sample. */
  #latenessOf(share: number): number {
    let below = 0
    for (let step = 0; step < STEPS; step++) {
      below += this.#lateness[step]!
      if (below >= share * this.#samples) return round(Math.min(this.#latestMs, (step + 1) * STEP_MS))
    }
    return round(this.#latestMs)
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
