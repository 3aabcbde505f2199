import { type PeakReset, tryResetPeak } from '../../linux/memory/peak.js'
import { isAlive } from '../../linux/process/process-stat.js'
import { memoryOf, readProcessStatus } from '../../linux/process/process-status.js'
import { readStackStart } from '../../linux/process/stack-start.js'
import { nowMs } from '../../shared/clock.js'
import type { BareMark } from '../marks/mark-lines.js'
import type { ObservedMark, ObservedProcess } from '../marks/observed-mark.js'
import type { PeakKind } from '../peaks/peak-kind.js'
import type { PeakReaders } from '../peaks/peak-readers.js'
import type { LastRound } from '../rounds/correct-last-rounds.js'

export interface LiveProcess {
  pid: number
  startTicks: number
  role: string
  name: string
  firstSeenMs: number
  /** `sampled` where its peak since its start is not wholly known. */
  peakKind: PeakKind
}

export interface ObserverOptions {
  /** Appends a line to the marks, in one write: programs append to the same file. */
  append(mark: ObservedMark): void
  /** Nothing is left to read of a round that was told, and no process of it is known. */
  onMissed(round: number): void
  /** The peak of a process could not be reset at the end of a round; told once. */
  onRefused(pid: number, why: string): void
  /** The processes of a round had ended when its end was told: `lastRounds` has it, and the samples tell its memory. */
  onUnread(round: number): void
  /** False leaves the peaks of the processes alone: those of rounds are then sampled. */
  resetPeaks: boolean
  /** Others who read and reset the same marks between two rounds. */
  peakReaders?: Pick<PeakReaders, 'peekRound' | 'roundEnded'>
  /** Called the moment a round's end is told, before anything else is read. */
  onBoundary?(round: number): void
  /** The processes that run now. */
  live(): LiveProcess[]
  /** Those that run and those that have ended, in the order in which they were found. */
  all(): LiveProcess[]
}

/** What a log or an option tells of a round, where the program writes no marks. */
export type RoundEvent =
  | { kind: 'round-start'; round: number }
  | { kind: 'cleanup'; round: number }
  | {
      kind: 'round'
      round: number
      /**
       * A line of a log may come before the cleanup that it announces is done: for so long after it the lowest RSS is looked
       * for, and taken for the round's end. Not for longer than a quarter of the round, nor beyond the end of the next one:
       * what is given back then is the next round's.
       */
      settleMs: number
      /** No other round follows: the job, or the program, has ended. */
      isLast: boolean
      /** The log has no time stamps, and another process passes it on. */
      approximate: boolean
    }

const SETTLE_STEP_MS = 20
/** A cleanup at the end of the next round must not be taken for one at the end of this. */
const SETTLE_SHARE = 1 / 4

/**
 * Reads foreign processes from outside at the boundaries of their rounds: VmHWM and RSS the moment the boundary is told,
 * then the reset of the peak, so that the next reading is the next round's. What is allocated between the boundary and
 * that moment, about a millisecond, counts for the round before.
 */
export class Observer {
  readonly #options: ObserverOptions
  /** When the boundary before was, whether the peak could be reset there, and in which program, by process. */
  readonly #before = new Map<number, { timeMs: number; wasReset: boolean; stackStart: number | null }>()
  readonly #startedMs = new Map<number, number>()
  #wasRefused = false
  readonly #settling = new Set<Promise<void>>()
  /** By process, unsettled. */
  readonly #lastRounds = new Map<number, LastRound>()
  /** When the newest round began, or the one before it ended where no log tells of beginnings. */
  #roundBeganMs = 0
  #cleanupMs: number | undefined
  /** What a log told besides of the round that is being read. */
  #about: Pick<ObservedMark, 'cleanupMs' | 'approximate'> = {}
  /** Of the newest boundary: what comes after another one is not its own. */
  #settlingEnds = new AbortController()

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  /** A process that ran before: its peak so far is none of this recording. */
  beginAttached(pid: number): PeakReset | { kind: 'left alone' } {
    const reset = this.#options.resetPeaks ? tryResetPeak(pid) : ({ kind: 'left alone' } as const)
    this.#before.set(pid, { timeMs: nowMs(), wasReset: reset.kind === 'reset', stackStart: readStackStart(pid) })
    return reset
  }

  /**
   * A bare mark: about the process that it names by pid, role or name, or about all.
   *
   * @param isFresh it was written a moment ago, so that what is read now is what the program held when it wrote it
   */
  onBareMark(mark: BareMark, { isFresh = false } = {}): void {
    const about = this.#options
      .live()
      .filter(
        ({ pid, role, name }) =>
          (mark.pid === undefined || mark.pid === pid) &&
          (mark.role === undefined || mark.pid !== undefined || mark.role === role) &&
          (mark.name === undefined || mark.pid !== undefined || mark.name === name),
      )
      // What a program calls itself is better than what its command line tells.
      .map((process) => ({ ...process, role: mark.role ?? process.role, name: mark.name ?? process.name }))
    if (mark.mark === 'round-start') {
      this.#begin(about)
      return
    }
    const observed = this.#observe(mark.mark, mark.round ?? 0, about)
    if (isFresh) for (const { pid } of observed.processes) this.#trustLastRound(pid)
    this.#write(observed)
  }

  /** A round told by a log: about all processes. */
  onRoundEvent(event: RoundEvent): void {
    if (event.kind === 'cleanup') {
      this.#cleanupMs = nowMs()
      return
    }
    const about = this.#options.live()
    if (event.kind === 'round-start') {
      this.#begin(about)
      return
    }
    const { round, settleMs, isLast, approximate } = event
    this.#about = {
      ...(this.#cleanupMs !== undefined && { cleanupMs: this.#cleanupMs }),
      ...(approximate && { approximate }),
    }
    this.#settlingEnds.abort()
    this.#settlingEnds = new AbortController()
    const observed = this.#observe('round', round, about)
    const hasUnread = (isLast || observed.processes.length === 0) && this.#keepUnread(observed)
    this.#roundBeganMs = observed.timeMs
    this.#cleanupMs = undefined
    this.#about = {}
    if (observed.processes.length === 0 && hasUnread) {
      this.#options.onUnread(round)
      return
    }
    const settled = this.#settle(observed, settleMs, this.#settlingEnds.signal).then(() => this.#write(observed))
    this.#settling.add(settled)
    void settled.finally(() => this.#settling.delete(settled))
  }

  /** The last round of each process, to be held against what became of the process. */
  lastRounds(): LastRound[] {
    return [...this.#lastRounds.values()]
  }

  /** Processes that lived when this round began and have ended since, before anybody told of its end. */
  #keepUnread({ round, timeMs, processes }: ObservedMark): boolean {
    const read = new Set(processes.map(({ pid }) => pid))
    const ended = this.#options.all().filter(({ pid }) => !read.has(pid) && this.#livedAtStart(pid))
    for (const { pid, startTicks, role, name, firstSeenMs } of ended) {
      const startedMs = this.#startedMs.get(pid) ?? this.#before.get(pid)?.timeMs ?? firstSeenMs
      const process = { pid, role, name, startedMs, peakBytes: null, exact: false, memory: null }
      this.#keep(pid, { round, timeMs, startTicks, process, told: null })
    }
    return ended.length > 0
  }

  #keep(pid: number, round: Omit<LastRound, 'cleanupMs' | 'approximate' | 'beforeBytes'>): void {
    const beforeBytes = this.#lastRounds.get(pid)?.process.memory?.rssBytes
    this.#lastRounds.set(pid, { ...round, beforeBytes, ...this.#about })
  }

  #trustLastRound(pid: number): void {
    const last = this.#lastRounds.get(pid)
    if (last !== undefined) last.isFresh = true
  }

  #livedAtStart(pid: number): boolean {
    return this.#startedMs.get(pid) === this.#roundBeganMs || this.#before.get(pid)?.timeMs === this.#roundBeganMs
  }

  /** Resolves when all that was observed is written. */
  async finish(): Promise<void> {
    await Promise.all(this.#settling)
  }

  #begin(about: readonly LiveProcess[]): void {
    const timeMs = nowMs()
    this.#roundBeganMs = timeMs
    for (const { pid } of about) this.#startedMs.set(pid, timeMs)
  }

  #observe(of: 'start' | 'round', round: number, about: readonly LiveProcess[]): ObservedMark {
    if (of === 'round') this.#options.onBoundary?.(round)
    const timeMs = nowMs()
    const processes = about.flatMap((process) => {
      const read = this.#read(process, of, timeMs)
      if (read === undefined) return []
      if (of === 'round')
        this.#keep(read.pid, { round, timeMs, startTicks: process.startTicks, process: read, told: read.memory })
      return [read]
    })
    return { mark: 'observed', of, timeMs, round, ...(of === 'round' && this.#about), processes }
  }

  #read(
    { pid, startTicks, role, name, firstSeenMs, peakKind }: LiveProcess,
    of: 'start' | 'round',
    timeMs: number,
  ): ObservedProcess | undefined {
    // It may have ended since the last sample, and its pid may be another's, whose peak is none of ours.
    if (!isAlive({ pid, startTicks })) return undefined
    const status = readProcessStatus(pid)
    if (status.kind !== 'read') return undefined
    const before = this.#before.get(pid)
    const startedMs = this.#startedMs.get(pid) ?? before?.timeMs ?? firstSeenMs
    const stackStart = readStackStart(pid)
    const peakBytes = Math.max(status.peakBytes, this.#options.peakReaders?.peekRound({ pid, startTicks }) ?? 0)
    if (of === 'round') {
      const wasReset = this.#options.resetPeaks && this.#reset(pid)
      this.#options.peakReaders?.roundEnded({ pid, startTicks }, status.peakBytes, wasReset)
      this.#before.set(pid, { timeMs, wasReset, stackStart })
      this.#startedMs.delete(pid)
    }
    // Another program's peak began anew with it: of what the one before took, the samples alone tell.
    const exact = before === undefined ? peakKind === 'exact' : before.wasReset && before.stackStart === stackStart
    return { pid, role, name, startedMs, peakBytes, exact, memory: memoryOf(status) }
  }

  #reset(pid: number): boolean {
    const reset = tryResetPeak(pid)
    if (reset.kind === 'refused' && !this.#wasRefused) {
      this.#wasRefused = true
      this.#options.onRefused(pid, reset.why)
    }
    return reset.kind === 'reset'
  }

  async #settle(observed: ObservedMark, settleMs: number, signal: AbortSignal): Promise<void> {
    const roundMs = Math.max(0, ...observed.processes.map(({ startedMs }) => observed.timeMs - startedMs))
    const untilMs = observed.timeMs + Math.min(settleMs, roundMs * SETTLE_SHARE)
    while (nowMs() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(SETTLE_STEP_MS, untilMs - nowMs())))
      if (signal.aborted) return
      for (const process of observed.processes) {
        const status = readProcessStatus(process.pid)
        if (status.kind === 'read' && status.rssBytes < process.memory.rssBytes) process.memory = memoryOf(status)
      }
    }
  }

  #write(observed: ObservedMark): void {
    if (observed.processes.length > 0) this.#options.append(observed)
    else if (observed.of === 'round') this.#options.onMissed(observed.round)
  }
}
