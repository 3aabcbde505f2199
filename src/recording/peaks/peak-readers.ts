import { tryResetPeak } from '../../linux/memory/peak.js'
import { isAlive } from '../../linux/process/process-stat.js'
import { readProcessStatus } from '../../linux/process/process-status.js'
import { readStackStart } from '../../linux/process/stack-start.js'
import type { RecordedProcess } from '../recording.js'
import type { PeakKind } from './peak-kind.js'

/** The highest RSS of one process since the same reader asked before. */
export interface ProcessPeak {
  process: RecordedProcess
  /** RSS now; null when it has ended. */
  rssBytes: number | null
  peakBytes: number
  /** `exact`: the kernel's high-water mark. `sampled`: the highest reading, a lower bound. */
  kind: PeakKind
}

/** One who asks for peaks again and again: a scraper, or the page. */
export interface PeakReader {
  /** Peaks since the last call, or since the recording began; a process that has ended since is in one answer. */
  read(): ProcessPeak[]
  close(): void
}

export interface PeakReadersOptions {
  /** The processes that run now. */
  live(): RecordedProcess[]
  /** False where its peak must not be reset, since the user forbids it or the program resets it itself. */
  mayReset(process: RecordedProcess): boolean
  /** What a reset took from the kernel, for the peak of the whole recording. */
  onPeak(pid: number, peakBytes: number): void
}

/** Ended processes that one reader has not asked for are kept up to this number, the largest peaks first. */
const MOST_ENDED = 1000

/** What one reader has not been given yet of one process. */
interface Unread {
  /** The highest mark that a reset for somebody else took away; 0 when there is none. */
  takenBytes: number
  /** The highest reading, exact or not. */
  sampledBytes: number
  /** VmHWM at the last look; a higher one now is a peak since then, even without a reset. */
  markBytes: number
  /** The peak of the whole recording at the last look. */
  recordedBytes: number
  /** Whether the mark was reset at the last look, or the process is younger than that. */
  isFresh: boolean
  /** Never looked at: what was read of it since the recording began is unread as well. */
  isNew: boolean
  stackStart: number | null
}

/**
 * Shares one high-water mark among all who want to know the peak since they asked last: each scraper, and the rounds.
 * The kernel keeps a single mark (VmHWM) for each process. A reader takes it and resets it, and hands what it took
 * to all others, who find it when they ask next.
 */
export class PeakReaders {
  readonly #options: PeakReadersOptions
  readonly #readers = new Set<Reader>()
  /** Peaks that scrapes took out of a round, by process, until the round ends. */
  readonly #ofRound = new Map<string, number>()
  /** Marks of processes that ran before the recording and could not be reset at its start. */
  readonly #heldBefore = new Map<string, number>()

  constructor(options: PeakReadersOptions) {
    this.#options = options
  }

  open(): PeakReader {
    const reader = new Reader((own) => this.#look(own), this.#heldBefore)
    this.#readers.add(reader)
    return { read: () => reader.read(), close: () => this.#readers.delete(reader) }
  }

  /** The mark of an attached process, which could not be reset: only what is higher is of this recording. */
  heldBefore(process: { pid: number; startTicks: number }, markBytes: number): void {
    this.#heldBefore.set(keyOf(process), markBytes)
  }

  /** The highest mark that scrapes took since the round before ended; 0 when there is none. */
  peekRound(process: { pid: number; startTicks: number }): number {
    return this.#ofRound.get(keyOf(process)) ?? 0
  }

  /** A round has ended: its mark was read as this, and reset where that was possible. */
  roundEnded(process: { pid: number; startTicks: number }, peakBytes: number, wasReset: boolean): void {
    this.#ofRound.delete(keyOf(process))
    if (wasReset) for (const reader of this.#readers) reader.taken(process, peakBytes)
  }

  /** A program that resets its own mark has written the peak of its round. */
  sawOwnPeak(process: { pid: number; startTicks: number }, peakBytes: number): void {
    for (const reader of this.#readers) reader.tookItself(process, peakBytes)
  }

  /** A program has reset its own mark within a round: it was this. */
  tookItself(process: { pid: number; startTicks: number }, peakBytes: number): void {
    this.#tookFromRound(process, peakBytes)
    this.sawOwnPeak(process, peakBytes)
  }

  #tookFromRound(process: { pid: number; startTicks: number }, peakBytes: number): void {
    const key = keyOf(process)
    this.#ofRound.set(key, Math.max(this.#ofRound.get(key) ?? 0, peakBytes))
  }

  /** A sample between two looks, by pid, for processes whose mark must not be reset. */
  sampled(rss: ReadonlyMap<number, number>): void {
    if (this.#readers.size === 0) return
    for (const process of this.#options.live()) {
      const rssBytes = rss.get(process.pid)
      if (rssBytes !== undefined) for (const reader of this.#readers) reader.sampled(process, rssBytes)
    }
  }

  /** A process has ended; its record has the highest peak that anyone read. */
  ended(process: RecordedProcess): void {
    this.#ofRound.delete(keyOf(process))
    this.#heldBefore.delete(keyOf(process))
    for (const reader of this.#readers) reader.ended(process)
  }

  #look(own: Reader): ProcessPeak[] {
    return this.#options.live().flatMap((process) => this.#lookAt(process, own) ?? [])
  }

  #lookAt(process: RecordedProcess, own: Reader): ProcessPeak | undefined {
    if (!isAlive(process)) return undefined
    const status = readProcessStatus(process.pid)
    if (status.kind !== 'read') return undefined
    const isReset = this.#options.mayReset(process) && tryResetPeak(process.pid).kind === 'reset'
    if (isReset) {
      this.#options.onPeak(process.pid, status.peakBytes)
      this.#tookFromRound(process, status.peakBytes)
      for (const reader of this.#readers) if (reader !== own) reader.taken(process, status.peakBytes)
    }
    return own.look(process, { ...status, isReset, stackStart: readStackStart(process.pid) })
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
    // The mark may be an old one still, of the time before the last look.
    if (unread.isFresh || peakBytes > unread.markBytes) unread.takenBytes = Math.max(unread.takenBytes, peakBytes)
    Object.assign(unread, { isFresh: true, markBytes: 0 })
  }

  tookItself(process: { pid: number; startTicks: number }, peakBytes: number): void {
    this.taken(process, peakBytes)
    // The next mark of the program covers its next round alone, and is compared with none before.
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
