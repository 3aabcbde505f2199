import { readCommandLine } from '../../linux/command-line.js'
import { countOpenFiles } from '../../linux/open-files.js'
import { pageSizeBytes } from '../../linux/page-size.js'
import { type OpenStatus, openStatus, type ProcessStatus, parseStatus } from '../../linux/process-status.js'
import { openStatm, type ReadingKind, type Statm } from '../../linux/statm.js'
import { readZombieExit } from '../../linux/zombie-exit.js'
import { PROCESS, STATUS_BYTES } from './loop-layout.js'
import type { SampledProcess, StatusIntervals } from './sampler-protocol.js'

/** On older kernels counting descriptors lists a folder, thousands of entries on a busy server. */
const OPEN_FILES_INTERVAL_MS = 1000
/** A new process is often a fork that is about to become another program; then its command line changes. */
const RENAME_CHECKS_MS = [20, 100, 500, 2000, 10_000]

/** What is kept open of a process while it is watched. */
export interface ProcessFiles {
  statm: Statm
  status: OpenStatus
}

export function openProcessFiles(pid: number): ProcessFiles | Exclude<ReadingKind, 'read'> {
  const statm = openStatm(pid)
  if (typeof statm === 'string') return statm
  const status = openStatus(pid)
  if (!('kind' in status)) return { statm, status }
  statm.close()
  return status.kind
}

export function closeProcessFiles({ statm, status }: ProcessFiles): void {
  statm.close()
  status.close()
}

/** One process under the sampler's eye: RSS at every sample, its own peak and parts less often. */
export class WatchedProcess {
  readonly known: SampledProcess
  /** Whether the last reading worked. */
  isRead = false
  readonly #files: ProcessFiles
  readonly #intervals: StatusIntervals
  readonly #statm: Statm
  readonly #pageSizeBytes = pageSizeBytes()
  #statusMs = Number.NEGATIVE_INFINITY
  #statusRssBytes = 0
  #openFilesDueMs = 0
  #openFiles: number | null = null
  #renameChecks = 0

  constructor(files: ProcessFiles, known: SampledProcess, intervals: StatusIntervals) {
    this.#intervals = intervals
    this.#files = files
    this.#statm = files.statm
    this.known = known
  }

  /** Of the last reading that worked. */
  get rssBytes(): number {
    return this.#statm.rssBytes
  }

  readRss(timeMs: number): ReadingKind {
    const kind = this.#statm.read()
    this.isRead = kind === 'read'
    if (this.isRead) this.known.lastSeenMs = timeMs
    return kind
  }

  /** Whether it is time for `readStatus`: sooner while RSS changes, and where it is higher than the peak that is known. */
  isStatusDue(timeMs: number): boolean {
    const { rssBytes } = this.#statm
    const { risingMs, movingMs, idleMs } = this.#intervals
    const isRising = rssBytes > (this.known.peakBytes ?? 0)
    const intervalMs = isRising ? risingMs : rssBytes === this.#statusRssBytes ? idleMs : movingMs
    return timeMs - this.#statusMs >= intervalMs
  }

  /** Reads peak, parts, threads and open files. True when the peak, or one of the last two, is another than at the last reading. */
  readStatus(timeMs: number): boolean {
    this.#statusMs = timeMs
    this.#statusRssBytes = this.#statm.rssBytes
    const status = this.#files.status.read()
    // The next reading of RSS tells what became of it.
    return status.kind === 'read' && this.#learn(status, timeMs)
  }

  #learn(status: ProcessStatus, timeMs: number): boolean {
    if (timeMs >= this.#openFilesDueMs) {
      this.#openFilesDueMs = timeMs + OPEN_FILES_INTERVAL_MS
      this.#openFiles = countOpenFiles(this.known.pid)
    }
    const { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes, peakBytes, threads } = status
    const openFiles = this.#openFiles
    const before = this.known.last
    this.known.last = { timeMs, rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes, threads, openFiles }
    const isHigher = peakBytes > (this.known.peakBytes ?? -1)
    if (isHigher) this.known.peakBytes = peakBytes
    if (rssBytes > (this.known.highest?.rssBytes ?? -1))
      this.known.highest = { timeMs, rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes }
    return isHigher || threads !== before?.threads || openFiles !== before.openFiles
  }

  /** Lends what is known of it to the native loop. */
  lend(processes: Float64Array, at: number): void {
    processes[at + PROCESS.pid] = this.known.pid
    processes[at + PROCESS.statm] = this.#statm.descriptor
    processes[at + PROCESS.status] = this.#files.status.descriptor
    processes[at + PROCESS.statusMs] = this.#statusMs
    processes[at + PROCESS.statusPages] = this.#statusRssBytes / this.#pageSizeBytes
    processes[at + PROCESS.peakPages] = (this.known.peakBytes ?? 0) / this.#pageSizeBytes
    processes[at + PROCESS.newestLength] = 0
    processes[at + PROCESS.highestLength] = 0
    processes[at + PROCESS.highestPages] = 0
  }

  /** Samples were taken of it, the last one at this time: RSS then, and the statuses that were read meanwhile. True as `readStatus`. */
  takeBack(processes: Float64Array, at: number, { texts, timeMs }: { texts: Uint8Array; timeMs: number }): boolean {
    this.#statm.saw(processes[at + PROCESS.pages]!)
    this.isRead = true
    this.known.lastSeenMs = timeMs
    const newestLength = processes[at + PROCESS.newestLength]!
    if (newestLength === 0) return false
    this.#statusMs = processes[at + PROCESS.statusMs]!
    this.#statusRssBytes = processes[at + PROCESS.statusPages]! * this.#pageSizeBytes
    // A text that fills its place may have been cut off.
    const highestLength = processes[at + PROCESS.highestLength]!
    if (newestLength === STATUS_BYTES || highestLength === STATUS_BYTES) return this.readStatus(timeMs)
    const highest = parseStatus(texts.subarray(STATUS_BYTES), highestLength)
    const newest = parseStatus(texts, newestLength)
    const hasRisen = highest !== undefined && this.#learn(highest, processes[at + PROCESS.highestMs]!)
    const hasMoved = newest !== undefined && this.#learn(newest, this.#statusMs)
    return hasRisen || hasMoved
  }

  /** When `checkRename` is due next. */
  get renameDueMs(): number {
    return this.known.firstSeenMs + (RENAME_CHECKS_MS[this.#renameChecks] ?? Number.POSITIVE_INFINITY)
  }

  /** True when the process has become another program since the last call. */
  checkRename(timeMs: number): boolean {
    if (timeMs < this.renameDueMs) return false
    this.#renameChecks++
    const command = readCommandLine(this.known.pid)
    if (command === null || command.length === 0 || command.join('\0') === this.known.command.join('\0')) return false
    this.known.command = command
    return true
  }

  /** It has ended: how, if that can still be learnt. */
  readExit(): void {
    this.known.exit = readZombieExit(this.known)
  }

  close(): void {
    closeProcessFiles(this.#files)
  }
}
