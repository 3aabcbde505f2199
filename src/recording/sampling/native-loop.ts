import { pageSizeBytes } from '../../linux/memory/page-size.js'
import { builtFunctions } from '../../linux/native/compile-library.js'
import type { NativeFunction } from '../../linux/native/native-library.js'
import { nowMs } from '../../shared/clock.js'
import { TidemarkError } from '../../shared/errors.js'
import { NONE, PLAN, PLAN_LENGTH, PROCESS_LENGTH, STATUS_BYTES } from './native-struct-layout.js'
import type { SampleLog } from './sample-log.js'
import type { StatusIntervals } from './sampler-protocol.js'
import type { SamplingSchedule } from './sampling-schedule.js'
import type { TreeTracker } from './tree-tracker.js'
import type { WatchedProcess } from './watched-process.js'

/** Samples of one call, and processes: with more there is more to do than to sleep, and nothing is gained. */
const CAPACITY = 2048
const MOST_PROCESSES = 64

export interface LoopOptions {
  sample: NativeFunction
  /** The eventfd that ends the sleep. */
  bell: number
  statusIntervals: StatusIntervals
}

/** What one call of the loop needs to know. */
export interface LoopCall {
  pace: SamplingSchedule
  log: SampleLog | null
  tracker: TreeTracker | null
  untilMs: number
  limitBytes: number
}

export interface LoopResult {
  /** How many were taken; their times are in `times`. */
  samples: number
  /** Whether peak, parts or threads of a process are others than before. */
  moved: boolean
}

const NOTHING: LoopResult = { samples: 0, moved: false }

/**
 * The sampler's inner loop in C. Undefined where it cannot be had: no koffi, no C compiler, no folder to keep it in. Then every
 * sample is taken in JavaScript, which gives the same figures for more processor time.
 */
export function findSamplingLoop(): NativeFunction | undefined {
  const source = new URL('sampling-loop.c', import.meta.url)
  const find = builtFunctions({ name: 'tidemark-sampling-loop', source, neededBy: 'the fast sampling loop' })
  return find?.('void tidemark_sample(void *, void *, void *, void *, void *, void *, int, int)')
}

/** Plain samples, taken in C while there is nothing else to do; see sampling-loop.c. */
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

  /** False when these are none, or too many. */
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

  /** RSS of all processes at one of the samples. */
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

/** Unix time, as `nowMs` tells it, minus CLOCK_MONOTONIC. The largest is the one with the least between its two readings. */
function clockOffsetMs(): number {
  const offset = () => nowMs() - Number(process.hrtime.bigint()) / 1e6
  return Math.max(...Array.from({ length: CLOCK_READINGS }, offset))
}
