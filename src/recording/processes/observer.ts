import { tryResetPeak } from '../../linux/memory/peak.js'
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
  /** `sampled` if the peak since the process started is not fully known. */
  peakKind: PeakKind
}

export interface ObserverOptions {
  /** Appends a line to the marks in one write, because programs append to the same file. */
  append(mark: ObservedMark): void
  /** Called when a reported round has nothing left to read and none of its processes is known. */
  onMissed(round: number): void
  /** Called when the peak of a process could not be reset, so that peaks are not exact. */
  warn(message: string): void
  /**
   * Called when the processes of a round had ended before its end was reported. `lastRounds` holds
   * the round, and the samples show its memory.
   */
  onUnread(round: number): void
  /** Whether to reset the peaks of processes. If false, peaks of rounds are sampled. */
  resetPeaks: boolean
  /** Other readers that read and reset the same peaks between two rounds. */
  peakReaders?: Pick<PeakReaders, 'heldBefore' | 'peekRound' | 'roundEnded'>
  /** Called as soon as a round's end is reported, before anything else is read. */
  onBoundary?(round: number): void
  /** Returns the running processes. */
  live(): LiveProcess[]
  /** Returns running processes that no sample has met yet. They are in `live` from then on. */
  findNew(): LiveProcess[]
  /** Returns the running and the ended processes, in the order in which they were found. */
  all(): LiveProcess[]
}

/** An event of a round that a log or an option reports when the program writes no marks. */
export type RoundEvent =
  | { kind: 'round-start'; round: number }
  | { kind: 'cleanup'; round: number }
  | {
      kind: 'round'
      round: number
      /**
       * How long to keep looking for the lowest RSS, which becomes the round's end: a log line may
       * precede the cleanup that it announces. Limited to a quarter of the round and to the end of
       * the next one, since memory released after that belongs to the next round.
       */
      settleMs: number
      /** Whether no other round follows because the job, or the program, has ended. */
      isLast: boolean
      /** Whether the log has no time stamps and another process passes it on. */
      approximate: boolean
    }

const SETTLE_STEP_MS = 20
/**
 * Limits settling to this share of the round, so that a cleanup at the end of the next round is not
 * taken for one at the end of this round.
 */
const SETTLE_SHARE = 1 / 4

/**
 * Reads foreign processes from outside at the boundaries of their rounds: VmHWM and RSS as soon as
 * the boundary is reported, then it resets the peak, so that the next reading belongs to the next
 * round. Memory allocated between the boundary and that moment, about a millisecond, counts for the
 * round before.
 */
export class Observer {
  readonly #options: ObserverOptions
  /**
   * By process: time of the previous boundary, whether the peak could be reset there, and the
   * program that ran.
   */
  readonly #before = new Map<number, { timeMs: number; wasReset: boolean; stackStart: number | null }>()
  readonly #startedMs = new Map<number, number>()
  #wasRefused = false
  readonly #settling = new Set<Promise<void>>()
  /** The last round of each process, unsettled. */
  readonly #lastRounds = new Map<number, LastRound>()
  /** Start of the newest round, or the end of the previous one if the log reports no starts. */
  #roundBeganMs = 0
  #cleanupMs: number | undefined
  /** Further facts that a log reported about the round being read. */
  #about: Pick<ObservedMark, 'cleanupMs' | 'approximate'> = {}
  /**
   * Ends the settling of the newest boundary when another one comes, since later memory is not its
   * own.
   */
  #settlingEnds = new AbortController()

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  /** Starts to observe a process that ran before: its peak so far is not part of this recording. */
  beginAttached(process: { pid: number; startTicks: number }): void {
    const { pid } = process
    const reset = this.#options.resetPeaks ? tryResetPeak(pid) : ({ kind: 'left alone' } as const)
    this.#before.set(pid, { timeMs: nowMs(), wasReset: reset.kind === 'reset', stackStart: readStackStart(pid) })
    if (reset.kind === 'reset') return
    const status = readProcessStatus(pid)
    if (status.kind === 'read') this.#options.peakReaders?.heldBefore(process, status.peakBytes)
    const why = reset.kind === 'refused' ? ` (${reset.why})` : ''
    this.#options.warn(
      `The peak of pid ${pid} was not reset at the start${why}: it may be of the time before this recording.`,
    )
  }

  /**
   * Handles a bare mark: it is about the process that it names by pid, role or name, or about all.
   *
   * @param isFresh whether it was written a moment ago, so that a reading now shows what the
   *   program held when it wrote the mark
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
      // Prefer the name a program gives itself to the one taken from its command line.
      .map((process) => ({ ...process, role: mark.role ?? process.role, name: mark.name ?? process.name }))
    if (mark.mark === 'round-start') {
      this.#begin(about)
      return
    }
    const isAboutAll = mark.pid === undefined && mark.role === undefined && mark.name === undefined
    const findNew = isAboutAll ? this.#options.findNew : undefined
    const observed = this.#observe(mark.mark, mark.round ?? 0, about, findNew)
    if (isFresh) for (const { pid } of observed.processes) this.#trustLastRound(pid)
    this.#write(observed)
  }

  /** Handles a round reported by a log, which is about all processes. */
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

  /** Returns the last round of each process, to be compared with how the process ended. */
  lastRounds(): LastRound[] {
    return [...this.#lastRounds.values()]
  }

  /**
   * Keeps processes that were alive when this round began and ended before its end was reported.
   */
  #keepUnread({ round, timeMs, processes }: ObservedMark): boolean {
    const read = new Set(processes.map(({ pid }) => pid))
    const ended = this.#options.all().filter(({ pid }) => !read.has(pid) && this.#livedAtStart(pid))
    for (const { pid, startTicks, role, name, firstSeenMs } of ended) {
      const startedMs = this.#startedMs.get(pid) ?? this.#before.get(pid)?.timeMs ?? firstSeenMs
      const process = { pid, role, name, startedMs, peakBytes: null, exact: false, memory: null }
      this.#keep(pid, { round, timeMs, startTicks, process, reading: null })
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

  /** Resolves when all observations are written. */
  async finish(): Promise<void> {
    await Promise.all(this.#settling)
  }

  #begin(about: readonly LiveProcess[]): void {
    const timeMs = nowMs()
    this.#roundBeganMs = timeMs
    for (const { pid } of about) this.#startedMs.set(pid, timeMs)
  }

  #observe(
    of: 'start' | 'round',
    round: number,
    about: readonly LiveProcess[],
    findNew: () => readonly LiveProcess[] = () => [],
  ): ObservedMark {
    if (of === 'round') this.#options.onBoundary?.(round)
    const timeMs = nowMs()
    const observe = (process: LiveProcess) => {
      const read = this.#read(process, of, timeMs)
      if (read === undefined) return []
      if (of === 'round')
        this.#keep(read.pid, { round, timeMs, startTicks: process.startTicks, process: read, reading: read.memory })
      return [read]
    }
    // Look for new ones last: it takes milliseconds, and a program may end right after its mark.
    const processes = about.flatMap(observe)
    processes.push(...findNew().flatMap(observe))
    return { mark: 'observed', of, timeMs, round, ...(of === 'round' && this.#about), processes }
  }

  #read(
    { pid, startTicks, role, name, firstSeenMs, peakKind }: LiveProcess,
    of: 'start' | 'round',
    timeMs: number,
  ): ObservedProcess | undefined {
    // The process may have ended since the last sample, and its pid may belong to another process,
    // whose peak is not recorded.
    if (!isAlive({ pid, startTicks })) return undefined
    const status = readProcessStatus(pid)
    if (status.kind !== 'read') return undefined
    const before = this.#before.get(pid)
    // A child that only this mark has found is first seen after the mark.
    const startedMs = this.#startedMs.get(pid) ?? before?.timeMs ?? Math.min(firstSeenMs, timeMs)
    const stackStart = readStackStart(pid)
    const peakBytes = Math.max(status.peakBytes, this.#options.peakReaders?.peekRound({ pid, startTicks }) ?? 0)
    if (of === 'round') {
      const wasReset = this.#options.resetPeaks && this.#reset(pid)
      this.#options.peakReaders?.roundEnded({ pid, startTicks }, status.peakBytes, wasReset)
      this.#before.set(pid, { timeMs, wasReset, stackStart })
      this.#startedMs.delete(pid)
    }
    // An exec starts a new peak, so only the samples know how much the program before it took.
    const exact = before === undefined ? peakKind === 'exact' : before.wasReset && before.stackStart === stackStart
    return { pid, role, name, startedMs, peakBytes, exact, memory: memoryOf(status) }
  }

  #reset(pid: number): boolean {
    const reset = tryResetPeak(pid)
    if (reset.kind === 'refused' && !this.#wasRefused) {
      this.#wasRefused = true
      this.#options.warn(
        `The peak of pid ${pid} could not be reset after a round (${reset.why}): peaks of later rounds are samples.`,
      )
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
