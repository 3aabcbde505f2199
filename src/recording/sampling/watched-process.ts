import { countOpenFiles, isSpareDescriptor } from '../../linux/files/open-files.js'
import type { FailedReading } from '../../linux/files/proc-file.js'
import { pageSizeBytes } from '../../linux/memory/page-size.js'
import { openStatm, type ReadingKind, type Statm } from '../../linux/memory/statm.js'
import { readCommandLine } from '../../linux/process/command-line.js'
import { isAlive } from '../../linux/process/process-stat.js'
import { type OpenStatus, openStatus, type ProcessStatus, parseStatus } from '../../linux/process/process-status.js'
import { readStackStart } from '../../linux/process/stack-start.js'
import { readZombieExit } from '../../linux/process/zombie-exit.js'
import { livingThread } from '../../linux/threads/living-thread.js'
import { PROCESS, STATUS_BYTES } from './native/struct-layout.js'
import type { SampledProcess, StatusIntervals } from './sampler-protocol.js'

/**
 * Interval of counting descriptors: older kernels list a folder for it, with thousands of entries
 * on a busy server.
 */
const OPEN_FILES_INTERVAL_MS = 1000
const MIB = 2 ** 20
/**
 * Memory above which a process is no mere launcher: a shell or interpreter about to exec holds
 * less.
 */
const LAUNCHER_BYTES = 32 * MIB
/** After every so many overlap steps, the size of a step worth keeping doubles. */
const OVERLAP_STEPS = 100
/**
 * Ages at which to check for an exec: a new process is often a fork, and its command line is about
 * to change.
 */
const RENAME_CHECKS_MS = [20, 100, 500, 2000]
/**
 * Later interval of the same check: a start script may still become its server, and a program
 * change its title.
 */
const RENAME_INTERVAL_MS = 10_000

/** Files that stay open while a process is watched. */
export interface ProcessFiles {
  statm: Statm
  status: OpenStatus
}

/**
 * Opens the files of a process or, if its main thread has ended, of a living thread. Fails with
 * EMFILE before the recorder itself runs out of descriptors.
 */
export function openProcessFiles(pid: number): ProcessFiles | FailedReading {
  const place = livingThread(pid) ?? pid
  const statm = openStatm(place)
  if ('kind' in statm) return statm
  const status = openStatus(place)
  if (!('kind' in status)) {
    if (!isSpareDescriptor(Math.max(statm.descriptor, status.descriptor))) return { statm, status }
    status.close()
  }
  statm.close()
  return 'kind' in status ? status : { kind: 'unreadable', code: 'EMFILE' }
}

export function closeProcessFiles({ statm, status }: ProcessFiles): void {
  statm.close()
  status.close()
}

/** A process that is sampled: RSS at every sample, its own peak and parts less often. */
export class WatchedProcess {
  readonly known: SampledProcess
  /** Whether the last reading worked. */
  isRead = false
  #files: ProcessFiles
  readonly #intervals: StatusIntervals
  readonly #launchedMs: number
  readonly #pageSizeBytes = pageSizeBytes()
  #statusMs = Number.NEGATIVE_INFINITY
  #statusRssBytes = 0
  #openFilesDueMs = 0
  #openFiles: number | null = null
  #renameChecks = 0
  /** The highest sample, and when it was taken. */
  #topBytes = 0
  #topMs = 0
  /** The highest sample before that, where it is the newest one. */
  #topBeforeBytes = 0
  /** Whether the status was read since that sample. */
  #isTopRead = false
  /** Time of the last reading of peak and parts. */
  #readMs = Number.NEGATIVE_INFINITY
  /** Whether the newest sample is below half of the one before, as after an exec. */
  #hasFallen = false
  #stackStart: number | null
  /** Whether it has become another program since its command line was read. */
  #hasExecuted = false
  #overlapBytes = 0

  /** @param launchedMs age by which a fork or a wrapper has become the program that it launches */
  constructor(
    files: ProcessFiles,
    known: SampledProcess,
    { intervals, launchedMs }: { intervals: StatusIntervals; launchedMs: number },
  ) {
    this.#intervals = intervals
    this.#launchedMs = launchedMs
    this.#files = files
    this.known = known
    this.#stackStart = readStackStart(known.pid)
  }

  /** RSS of the last reading that worked. */
  get rssBytes(): number {
    return this.#statm.rssBytes
  }

  /** Resident bytes that a sum already counts in another process. */
  get overlapBytes(): number {
    return Math.min(this.#overlapBytes, this.#statm.rssBytes)
  }

  /**
   * Sets the overlap from this time on. Only large steps are kept, so that a day of them stays
   * small.
   */
  setOverlap(bytes: number, timeMs: number): void {
    this.#overlapBytes = bytes
    const steps = this.known.overlap
    const last = steps?.at(-1)?.[1] ?? 0
    const matters = Math.max(MIB, (last / 20) * 2 ** Math.floor((steps?.length ?? 0) / OVERLAP_STEPS))
    if (bytes === last || (bytes !== 0 && Math.abs(bytes - last) < matters)) return
    // Samples are written in hundredths of a millisecond; round down to include the current one.
    const sinceMs = Math.max(Math.floor(timeMs * 100) / 100, steps?.at(-1)?.[0] ?? 0)
    this.known.overlap = [...(steps ?? []), [sinceMs, Math.round(bytes)]]
  }

  /**
   * Forgets what was read while this process was a copy of its parent, since it was the parent's
   * memory.
   */
  becameAnother(): void {
    this.known.peakBytes = null
    this.known.highest = null
    this.known.last = null
    this.known.aboveBytes = null
    this.#topBytes = 0
    this.#stackStart = readStackStart(this.known.pid)
    this.#hasExecuted = true
  }

  readRss(timeMs: number): ReadingKind {
    const before = this.#statm.rssBytes
    let kind = this.#statm.read()
    if (kind === 'gone' && this.#followThreads()) kind = this.#statm.read()
    this.isRead = kind === 'read'
    if (this.isRead) {
      this.known.lastSeenMs = timeMs
      this.#hasFallen = this.rssBytes * 2 < before
      this.#topBeforeBytes = this.#topBytes
      this.#sawTop(this.rssBytes, timeMs, false)
    }
    return kind
  }

  /** @param isRead whether the status was read after it */
  #sawTop(rssBytes: number, timeMs: number, isRead: boolean): void {
    if (rssBytes > this.#topBytes) {
      this.#topBytes = rssBytes
      this.#topMs = timeMs
      this.#isTopRead = isRead
    }
    const isAbove = !this.#isTopRead && this.#topBytes > (this.known.peakBytes ?? 0)
    this.known.aboveBytes = isAbove ? this.#topBytes : null
  }

  /**
   * Checks whether it has become another program. A fork or a wrapper does so when young, and its
   * own memory is of no interest.
   */
  #lookForExec(timeMs: number): void {
    const stackStart = readStackStart(this.known.pid)
    if (stackStart === null) return
    const isOther = this.#stackStart !== null && stackStart !== this.#stackStart
    this.#stackStart = stackStart
    const ageMs = timeMs - this.known.firstSeenMs
    if (isOther) {
      this.#hasExecuted = true
      // A sample of this moment is the new program's.
      const launcherBytes = this.#topMs === timeMs ? this.#topBeforeBytes : this.#topBytes
      if (this.#topBytes > (this.known.peakBytes ?? 0)) this.known.peakBytes = this.#topBytes
      this.#topBytes = 0
      if (ageMs > this.#launchedMs || launcherBytes > LAUNCHER_BYTES) this.known.isReplaced = true
    }
  }

  get #statm(): Statm {
    return this.#files.statm
  }

  /**
   * Switches to another living thread when the one it is read by has ended. Returns false if there
   * is none.
   */
  #followThreads(): boolean {
    if (livingThread(this.known.pid) === undefined || !isAlive(this.known)) return false
    const files = openProcessFiles(this.known.pid)
    if ('kind' in files) return false
    closeProcessFiles(this.#files)
    this.#files = files
    return true
  }

  /**
   * Returns whether `readStatus` is due: sooner while RSS changes, and while RSS is above the known
   * peak.
   */
  isStatusDue(timeMs: number): boolean {
    if (this.#hasFallen) return true
    const { rssBytes } = this.#statm
    const { risingMs, movingMs, idleMs } = this.#intervals
    const isRising = rssBytes > (this.known.peakBytes ?? 0)
    const intervalMs = isRising ? risingMs : rssBytes === this.#statusRssBytes ? idleMs : movingMs
    return timeMs - this.#statusMs >= intervalMs
  }

  /**
   * Reads peak, parts, threads and open files. Returns true if the peak, threads or open files
   * changed since the last reading.
   */
  readStatus(timeMs: number): boolean {
    this.#statusMs = timeMs
    this.#statusRssBytes = this.#statm.rssBytes
    this.#hasFallen = false
    this.#lookForExec(timeMs)
    const status = this.#files.status.read()
    // If this reading fails, the next reading of RSS shows why.
    return status.kind === 'read' && this.#learn(status, timeMs)
  }

  #learn(status: ProcessStatus, timeMs: number): boolean {
    this.#readMs = timeMs
    if (timeMs >= this.#openFilesDueMs) {
      this.#openFilesDueMs = timeMs + OPEN_FILES_INTERVAL_MS
      // A process that is exiting has no descriptors to count; keep the last count.
      this.#openFiles = countOpenFiles(this.known.pid) ?? this.#openFiles
    }
    const { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes, peakBytes, threads } = status
    const openFiles = this.#openFiles
    const before = this.known.last
    this.known.last = { timeMs, rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes, threads, openFiles }
    const isHigher = peakBytes > (this.known.peakBytes ?? -1)
    if (isHigher) this.known.peakBytes = peakBytes
    this.#isTopRead = true
    this.known.aboveBytes = null
    this.known.hugetlbBytes = Math.max(this.known.hugetlbBytes, status.hugetlbBytes)
    if (rssBytes > (this.known.highest?.rssBytes ?? -1))
      this.known.highest = { timeMs, rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes }
    return isHigher || threads !== before?.threads || openFiles !== before.openFiles
  }

  /** Copies what is known of it to the native loop. */
  exportState(processes: Float64Array, at: number): void {
    processes[at + PROCESS.pid] = this.known.pid
    processes[at + PROCESS.statm] = this.#statm.descriptor
    processes[at + PROCESS.status] = this.#files.status.descriptor
    processes[at + PROCESS.pages] = this.#statm.rssBytes / this.#pageSizeBytes
    processes[at + PROCESS.statusMs] = this.#statusMs
    processes[at + PROCESS.statusPages] = this.#statusRssBytes / this.#pageSizeBytes
    processes[at + PROCESS.peakPages] = (this.known.peakBytes ?? 0) / this.#pageSizeBytes
    processes[at + PROCESS.newestLength] = 0
    processes[at + PROCESS.highestLength] = 0
    processes[at + PROCESS.highestPages] = 0
    processes[at + PROCESS.topPages] = this.#topBytes / this.#pageSizeBytes
    processes[at + PROCESS.topMs] = this.#topMs
  }

  /**
   * Takes over the native loop's samples, the last one at `timeMs`: RSS then, and the statuses read
   * meanwhile. Returns the same as `readStatus`.
   */
  importState(processes: Float64Array, at: number, { texts, timeMs }: { texts: Uint8Array; timeMs: number }): boolean {
    this.#statm.saw(processes[at + PROCESS.pages]!)
    this.isRead = true
    this.known.lastSeenMs = timeMs
    const hasLearnt = this.#takeBackStatuses(processes, at, texts)
    // The loop reads a status after the sample of the same time.
    const topMs = processes[at + PROCESS.topMs]!
    this.#sawTop(processes[at + PROCESS.topPages]! * this.#pageSizeBytes, topMs, topMs <= this.#readMs)
    this.#topBeforeBytes = this.#topBytes
    this.#lookForExec(timeMs)
    return hasLearnt
  }

  #takeBackStatuses(processes: Float64Array, at: number, texts: Uint8Array): boolean {
    const newestLength = processes[at + PROCESS.newestLength]!
    if (newestLength === 0) return false
    this.#statusMs = processes[at + PROCESS.statusMs]!
    this.#statusRssBytes = processes[at + PROCESS.statusPages]! * this.#pageSizeBytes
    // A text that fills its place may be truncated.
    const highestLength = processes[at + PROCESS.highestLength]!
    if (newestLength === STATUS_BYTES || highestLength === STATUS_BYTES) return this.readStatus(this.#statusMs)
    const highest = parseStatus(texts.subarray(STATUS_BYTES), highestLength)
    const newest = parseStatus(texts, newestLength)
    const hasRisen = highest !== undefined && this.#learn(highest, processes[at + PROCESS.highestMs]!)
    const hasMoved = newest !== undefined && this.#learn(newest, this.#statusMs)
    return hasRisen || hasMoved
  }

  /** When `checkRename` is due next. */
  get renameDueMs(): number {
    const late = this.#renameChecks + 1 - RENAME_CHECKS_MS.length
    return this.known.firstSeenMs + (RENAME_CHECKS_MS[this.#renameChecks] ?? late * RENAME_INTERVAL_MS)
  }

  /**
   * Returns true if the process has become another program since the last call, or has a new name.
   */
  checkRename(timeMs: number): boolean {
    const isDue = timeMs >= this.renameDueMs
    if (isDue) {
      this.#renameChecks++
      this.#lookForExec(timeMs)
    }
    const hasExecuted = this.#hasExecuted
    if (!isDue && !hasExecuted) return false
    this.#hasExecuted = false
    const command = readCommandLine(this.known.pid)
    if (command === null || command.length === 0 || command.join('\0') === this.known.command.join('\0'))
      return hasExecuted
    this.known.command = command
    return true
  }

  /** Reads how an ended process exited, if that can still be learned. */
  readExit(): void {
    this.known.exit = readZombieExit(this.known)
  }

  close(): void {
    closeProcessFiles(this.#files)
  }
}
