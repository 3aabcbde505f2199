import { readCommandLine } from '../linux/command-line.js'
import { countOpenFiles } from '../linux/open-files.js'
import { type OpenStatus, openStatus } from '../linux/process-status.js'
import { openStatm, type ReadingKind, type Statm } from '../linux/statm.js'
import { readZombieExit } from '../linux/zombie-exit.js'
import type { SampledProcess, SamplerSettings } from './sampler-protocol.js'

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
  readonly #statusIntervalMs: number
  readonly #idleStatusIntervalMs: number
  readonly #statm: Statm
  #statusMs = Number.NEGATIVE_INFINITY
  #statusRssBytes = 0
  #openFilesDueMs = 0
  #openFiles: number | null = null
  #renameChecks = 0

  constructor(
    files: ProcessFiles,
    known: SampledProcess,
    { statusIntervalMs, idleStatusIntervalMs }: Pick<SamplerSettings, 'statusIntervalMs' | 'idleStatusIntervalMs'>,
  ) {
    this.#statusIntervalMs = statusIntervalMs
    this.#idleStatusIntervalMs = idleStatusIntervalMs
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

  /** Whether it is time for `readStatus` and `checkRename`: sooner while RSS changes. */
  isCareDue(timeMs: number): boolean {
    const isIdle = this.#statm.rssBytes === this.#statusRssBytes
    return timeMs - this.#statusMs >= (isIdle ? this.#idleStatusIntervalMs : this.#statusIntervalMs)
  }

  /** Reads peak, parts and threads. True when one of them, or RSS, is another than at the last reading. */
  readStatus(timeMs: number): boolean {
    this.#statusMs = timeMs
    this.#statusRssBytes = this.#statm.rssBytes
    const status = this.#files.status.read()
    if (status.kind !== 'read') return false // the next reading of RSS tells what became of it
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
    return isHigher || rssBytes !== before?.rssBytes || threads !== before.threads || openFiles !== before.openFiles
  }

  /** True when the process has become another program since the last call. */
  checkRename(timeMs: number): boolean {
    const dueMs = RENAME_CHECKS_MS[this.#renameChecks]
    if (dueMs === undefined || timeMs - this.known.firstSeenMs < dueMs) return false
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
