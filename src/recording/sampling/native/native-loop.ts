import { pageSizeBytes } from '../../../linux/memory/page-size.js'
import { builtFunctions } from '../../../linux/native/compile-library.js'
import type { NativeFunction } from '../../../linux/native/native-library.js'
import { nowMs } from '../../../shared/clock.js'
import { TidemarkError } from '../../../shared/errors.js'
import type { SampleLog } from '../sample-log.js'
import type { StatusIntervals } from '../sampler-protocol.js'
import type { SamplingSchedule } from '../sampling-schedule.js'
import type { TreeTracker } from '../tree-tracker.js'
import type { WatchedProcess } from '../watched-process.js'
import { NONE, PLAN, PLAN_LENGTH, PROCESS_LENGTH, STATUS_BYTES } from './struct-layout.js'

/**
 * Most samples, and processes, of one call: beyond these, work outweighs sleep and nothing is
 * gained.
 */
const CAPACITY = 2048
const MOST_PROCESSES = 64

export interface LoopOptions {
  sample: NativeFunction
  /** Eventfd that ends the sleep. */
  bell: number
  statusIntervals: StatusIntervals
}

/** Input of one call of the loop. */
export interface LoopCall {
  pace: SamplingSchedule
  log: SampleLog | null
  tracker: TreeTracker | null
  untilMs: number
  limitBytes: number
}

export interface LoopResult {
  /** Number of samples taken; their times are in `times`. */
  samples: number
  /** Whether the peak, parts or threads of a process changed. */
  moved: boolean
}

const NOTHING: LoopResult = { samples: 0, moved: false }

/**
 * Returns the sampler's inner loop in C, or undefined without koffi, a C compiler or a folder to
 * keep it in. Every sample is then taken in JavaScript, which gives the same figures for more
 * processor time.
 */
export function findSamplingLoop(): NativeFunction | undefined {
  const source = new URL('sampling-loop.c', import.meta.url)
  const find = builtFunctions({ name: 'tidemark-sampling-loop', source, neededBy: 'the fast sampling loop' })
  return find?.('void tidemark_sample(void *, void *, void *, void *, void *, void *, int, int)')
}

/** Takes plain samples in C while there is nothing else to do; see sampling-loop.c. */
export class NativeLoop {
  readonly times = new Float64Array(CAPACITY)
  readonly #options: LoopOptions
  readonly #plan = new Float64Array(PLAN_LENGTH)
  readonly #sums = new Float64Array(CAPACITY)
  readonly #pageSizeBytes = pageSizeBytes()
  #watched: readonly WatchedProcess[] = []
  #processes = new Float64Array(PROCESS_LENGTH)
  #texts = Buffer.alloc(2 * STATUS_BYTES)

  constructor(options: LoopOptions) {
    this.#options = options
    this.#plan[PLAN.clockOffsetMs] = clockOffsetMs()
    this.#plan[PLAN.bell] = options.bell
    this.#plan[PLAN.risingMs] = options.statusIntervals.risingMs
    this.#plan[PLAN.movingMs] = options.statusIntervals.movingMs
    this.#plan[PLAN.idleMs] = options.statusIntervals.idleMs
    this.#plan[PLAN.capacity] = CAPACITY
  }

  /** Sets the processes to sample. Returns false if there are none, or too many. */
  watch(watched: readonly WatchedProcess[]): boolean {
    this.#watched = watched
    this.#processes = new Float64Array(watched.length * PROCESS_LENGTH)
    this.#texts = Buffer.alloc(watched.length * 2 * STATUS_BYTES)
    this.#plan[PLAN.processes] = watched.length
    return watched.length > 0 && watched.length <= MOST_PROCESSES
  }

  /** Sleeps and samples until there is something else to do. */
  run({ pace, log, tracker, untilMs, limitBytes }: LoopCall): LoopResult {
    const plan = this.#plan
    plan[PLAN.untilMs] = untilMs
    plan[PLAN.limitPages] = limitBytes / this.#pageSizeBytes
    plan[PLAN.samples] = 0
    pace.exportState(plan)
    plan[PLAN.loadavg] = NONE
    tracker?.exportState(plan)
    const lines = log?.exportState(plan) ?? this.#noLines()
    for (const [i, one] of this.#watched.entries()) one.exportState(this.#processes, i * PROCESS_LENGTH)
    this.#options.sample(
      ...[plan, this.#processes, this.#texts, this.times, this.#sums, lines],
      ...[lines.length, this.#pageSizeBytes],
    )
    const samples = plan[PLAN.samples]!
    if (samples < 0 || samples > CAPACITY) throw new TidemarkError(`the sampling loop took ${samples} samples`)
    log?.importState(plan)
    if (samples === 0) return NOTHING
    for (let i = 0; i < samples; i++) pace.taken(this.times[i]!)
    const lastMs = this.times[samples - 1]!
    let moved = false
    for (const [i, one] of this.#watched.entries()) {
      const texts = this.#texts.subarray(2 * i * STATUS_BYTES, 2 * (i + 1) * STATUS_BYTES)
      if (one.importState(this.#processes, i * PROCESS_LENGTH, { texts, timeMs: lastMs })) moved = true
    }
    return { samples, moved }
  }

  /** Returns the RSS of all processes at one of the samples. */
  sumBytes(sample: number): number {
    return this.#sums[sample]! * this.#pageSizeBytes
  }

  #noLines(): Buffer {
    this.#plan[PLAN.log] = NONE
    this.#plan[PLAN.pending] = 0
    return NO_LINES
  }
}

const NO_LINES = Buffer.alloc(0)
const CLOCK_READINGS = 5

/**
 * Returns Unix time, as `nowMs` gives it, minus CLOCK_MONOTONIC. The largest of several offsets has
 * the least time between its two readings.
 */
function clockOffsetMs(): number {
  const offset = () => nowMs() - Number(process.hrtime.bigint()) / 1e6
  return Math.max(...Array.from({ length: CLOCK_READINGS }, offset))
}
