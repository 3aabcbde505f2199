import { tryResetPeak } from '../../linux/memory/peak.js'
import { isAlive } from '../../linux/process/process-stat.js'
import { readProcessStatus } from '../../linux/process/process-status.js'
import { readStackStart } from '../../linux/process/stack-start.js'
import type { Mark } from '../../shared/marks.js'
import type { RecordedProcess } from '../recording.js'
import type { PeakKind } from './peak-kind.js'

/** The highest RSS of one process since the reader's previous request. */
export interface ProcessPeak {
  process: RecordedProcess
  /** Current RSS; null if the process has ended. */
  rssBytes: number | null
  peakBytes: number
  /** `exact`: the kernel's high-water mark. `sampled`: the highest reading, a lower bound. */
  kind: PeakKind
}

/** A client that reads peaks repeatedly: a scraper, or the page. */
export interface PeakReader {
  /**
   * Returns the peaks since the last call, or since the recording began. A process that has ended
   * since then appears once.
   */
  read(): ProcessPeak[]
  close(): void
}

export interface PeakReadersOptions {
  /** Returns the running processes. */
  live(): RecordedProcess[]
  /** Whether peaks may be reset; those that a program resets itself never are. */
  mayReset: boolean
  /** Receives each peak that a reset took from the kernel, for the peak of the whole recording. */
  onPeak(pid: number, peakBytes: number): void
}

/**
 * Maximum number of ended processes kept for a reader until its next request, the largest peaks
 * first.
 */
const MOST_ENDED = 1000

/** Peaks of one process that one reader has not received yet. */
interface Unread {
  /** Highest mark that a reset for another reader took away; 0 if there is none. */
  takenBytes: number
  /** Highest reading, exact or not. */
  sampledBytes: number
  /** VmHWM at the last look; a higher value now is a peak since then, even without a reset. */
  markBytes: number
  /** Peak of the whole recording at the last look. */
  recordedBytes: number
  /** True if the mark was reset at the last look, or the process is younger than that. */
  isFresh: boolean
  /** True before the first look: everything read since the recording began is unread as well. */
  isNew: boolean
  stackStart: number | null
}

/**
 * Shares one high-water mark between all clients that need the peak since their last request: each
 * scraper, and the rounds. The kernel keeps a single mark (VmHWM) per process. A reader takes and
 * resets it, and passes the value to all others, which receive it with their next request.
 */
export class PeakReaders {
  readonly #options: PeakReadersOptions
  readonly #readers = new Set<Reader>()
  /** Peaks that scrapes took out of a round, by process, until the round ends. */
  readonly #ofRound = new Map<string, number>()
  /** Marks of processes that ran before the recording and could not be reset at its start. */
  readonly #heldBefore = new Map<string, number>()
  /** Pids of programs that write whole marks: they reset their own peaks. */
  readonly #ownsPeak = new Set<number>()

  constructor(options: PeakReadersOptions) {
    this.#options = options
  }

  open(): PeakReader {
    const reader = new Reader((own) => this.#look(own), this.#heldBefore)
    this.#readers.add(reader)
    return { read: () => reader.read(), close: () => this.#readers.delete(reader) }
  }

  /**
   * Stores the mark of an attached process that could not be reset: only higher values belong to
   * this recording.
   */
  heldBefore(process: { pid: number; startTicks: number }, markBytes: number): void {
    this.#heldBefore.set(keyOf(process), markBytes)
  }

  /**
   * Returns the highest mark that scrapes took since the previous round ended; 0 if there is none.
   */
  peekRound(process: { pid: number; startTicks: number }): number {
    return this.#ofRound.get(keyOf(process)) ?? 0
  }

  /** Handles the end of a round, with the mark that was read and whether it was reset. */
  roundEnded(process: { pid: number; startTicks: number }, peakBytes: number, wasReset: boolean): void {
    this.#ofRound.delete(keyOf(process))
    if (wasReset) for (const reader of this.#readers) reader.taken(process, peakBytes)
  }

  /**
   * Handles a whole mark: its program resets its own peak from now on, and may report one, of a
   * round or within it.
   */
  onMark(mark: Mark): void {
    if (mark.mark !== 'start' && mark.mark !== 'round' && mark.mark !== 'peak') return
    this.#ownsPeak.add(mark.pid)
    if (mark.mark === 'start' || mark.peakBytes === null) return
    const process = this.#options.live().find(({ pid }) => pid === mark.pid)
    if (process === undefined) return
    if (mark.mark === 'peak') this.#tookFromRound(process, mark.peakBytes)
    for (const reader of this.#readers) reader.tookItself(process, mark.peakBytes)
  }

  #tookFromRound(process: { pid: number; startTicks: number }, peakBytes: number): void {
    const key = keyOf(process)
    this.#ofRound.set(key, Math.max(this.#ofRound.get(key) ?? 0, peakBytes))
  }

  /** Adds a sample between two looks, by pid, for processes whose mark must not be reset. */
  sampled(rss: ReadonlyMap<number, number>): void {
    if (this.#readers.size === 0) return
    for (const process of this.#options.live()) {
      const rssBytes = rss.get(process.pid)
      if (rssBytes !== undefined) for (const reader of this.#readers) reader.sampled(process, rssBytes)
    }
  }

  /** Handles the end of a process; its record has the highest peak of all readings. */
  ended(process: RecordedProcess): void {
    this.#ofRound.delete(keyOf(process))
    this.#heldBefore.delete(keyOf(process))
    this.#ownsPeak.delete(process.pid)
    for (const reader of this.#readers) reader.ended(process)
  }

  #look(own: Reader): ProcessPeak[] {
    return this.#options.live().flatMap((process) => this.#lookAt(process, own) ?? [])
  }

  #lookAt(process: RecordedProcess, own: Reader): ProcessPeak | undefined {
    if (!isAlive(process)) return undefined
    const status = readProcessStatus(process.pid)
    if (status.kind !== 'read') return undefined
    const isReset = this.#mayReset(process.pid) && tryResetPeak(process.pid).kind === 'reset'
    if (isReset) {
      this.#options.onPeak(process.pid, status.peakBytes)
      this.#tookFromRound(process, status.peakBytes)
      for (const reader of this.#readers) if (reader !== own) reader.taken(process, status.peakBytes)
    }
    return own.look(process, { ...status, isReset, stackStart: readStackStart(process.pid) })
  }

  #mayReset(pid: number): boolean {
    return this.#options.mayReset && !this.#ownsPeak.has(pid)
  }
}

interface Look {
  rssBytes: number
  peakBytes: number
  isReset: boolean
  stackStart: number | null
}

class Reader {
  readonly #look: (own: Reader) => ProcessPeak[]
  readonly #unread = new Map<string, Unread>()
  readonly #heldBefore: ReadonlyMap<string, number>
  #ended: ProcessPeak[] = []

  constructor(look: (own: Reader) => ProcessPeak[], heldBefore: ReadonlyMap<string, number>) {
    this.#look = look
    this.#heldBefore = heldBefore
  }

  read(): ProcessPeak[] {
    const living = this.#look(this)
    const ended = this.#ended
    this.#ended = []
    return [...living, ...ended]
  }

  taken(process: { pid: number; startTicks: number }, peakBytes: number): void {
    const unread = this.#of(process)
    // The mark may date from before the last look.
    if (unread.isFresh || peakBytes > unread.markBytes) unread.takenBytes = Math.max(unread.takenBytes, peakBytes)
    Object.assign(unread, { isFresh: true, markBytes: 0 })
  }

  tookItself(process: { pid: number; startTicks: number }, peakBytes: number): void {
    this.taken(process, peakBytes)
    // The program's next mark covers only its next round, so it is not compared with an earlier
    // one.
    this.#of(process).isFresh = true
  }

  sampled(process: { pid: number; startTicks: number }, rssBytes: number): void {
    const unread = this.#of(process)
    unread.sampledBytes = Math.max(unread.sampledBytes, rssBytes)
  }

  look(process: RecordedProcess, { rssBytes, peakBytes, isReset, stackStart }: Look): ProcessPeak {
    const unread = this.#of(process)
    const { takenBytes, sampledBytes, markBytes, isFresh, isNew } = unread
    const isSameProgram = unread.stackStart === null || unread.stackStart === stackStart
    const recordedBytes = isNew && isFresh ? (process.peakBytes ?? 0) : 0
    const exactBytes = Math.max(takenBytes, recordedBytes, isFresh || peakBytes > markBytes ? peakBytes : 0)
    const isExact = exactBytes > 0 && isSameProgram && (!isNew || process.peakKind === 'exact')
    this.#unread.set(keyOf(process), {
      takenBytes: 0,
      sampledBytes: 0,
      markBytes: peakBytes,
      recordedBytes: Math.max(process.peakBytes ?? 0, peakBytes),
      isFresh: isReset,
      isNew: false,
      stackStart,
    })
    return {
      process,
      rssBytes,
      peakBytes: Math.max(exactBytes, sampledBytes, rssBytes),
      kind: isExact ? 'exact' : 'sampled',
    }
  }

  ended(process: RecordedProcess): void {
    const { takenBytes, sampledBytes, recordedBytes } = this.#of(process)
    this.#unread.delete(keyOf(process))
    const isHigher = (process.peakBytes ?? 0) > recordedBytes
    const peakBytes = Math.max(takenBytes, sampledBytes, isHigher ? process.peakBytes! : 0)
    if (peakBytes === 0) return
    this.#ended.push({ process, rssBytes: null, peakBytes, kind: isHigher ? process.peakKind : 'sampled' })
    if (this.#ended.length > 2 * MOST_ENDED)
      this.#ended = this.#ended.sort((a, b) => b.peakBytes - a.peakBytes).slice(0, MOST_ENDED)
  }

  #of(process: { pid: number; startTicks: number }): Unread {
    const key = keyOf(process)
    let unread = this.#unread.get(key)
    if (unread === undefined) {
      const heldBytes = this.#heldBefore.get(key)
      unread = {
        takenBytes: 0,
        sampledBytes: 0,
        markBytes: heldBytes ?? 0,
        recordedBytes: heldBytes ?? 0,
        isFresh: heldBytes === undefined,
        isNew: true,
        stackStart: null,
      }
      this.#unread.set(key, unread)
    }
    return unread
  }
}

function keyOf({ pid, startTicks }: { pid: number; startTicks: number }): string {
  return `${pid}/${startTicks}`
}
