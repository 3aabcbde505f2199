import { readCommandLine } from '../linux/command-line.js'
import { countOpenFiles } from '../linux/open-files.js'
import { memoryOf, readProcessStatus } from '../linux/process-status.js'
import type { ProcessReading, Statm } from '../linux/statm.js'
import { readZombieExit } from '../linux/zombie-exit.js'
import type { SampledProcess } from './sampler-protocol.js'

/** VmHWM is read at least this far apart: it misses nothing in between, so more often only costs. */
const STATUS_INTERVAL_MS = 50
/** Counting descriptors lists a folder, thousands of entries on a busy server. */
const OPEN_FILES_INTERVAL_MS = 1000
/** A new process is often a fork that is about to become another program; then its command line changes. */
const RENAME_CHECKS_MS = [20, 100, 500, 2000, 10_000]

/** One process under the sampler's eye: RSS at every sample, its own peak and parts less often. */
export class WatchedProcess {
  readonly known: SampledProcess
  readonly #statm: Statm
  #statusDueMs = 0
  #openFilesDueMs = 0
  #openFiles: number | null = null
  #renameChecks = 0

  constructor(statm: Statm, known: SampledProcess) {
    this.#statm = statm
    this.known = known
  }

  readRss(timeMs: number): ProcessReading {
    const reading = this.#statm.read()
    if (reading.kind === 'read') this.known.lastSeenMs = timeMs
    return reading
  }

  /** Reads peak, parts and threads when they are due. */
  readStatus(timeMs: number): void {
    if (timeMs >= this.#statusDueMs) this.readStatusNow(timeMs)
  }

  readStatusNow(timeMs: number): void {
    this.#statusDueMs = timeMs + STATUS_INTERVAL_MS
    const status = readProcessStatus(this.known.pid)
    if (status.kind !== 'read') return // the next reading of RSS tells what became of it
    if (timeMs >= this.#openFilesDueMs) {
      this.#openFilesDueMs = timeMs + OPEN_FILES_INTERVAL_MS
      this.#openFiles = countOpenFiles(this.known.pid)
    }
    const memory = { timeMs, ...memoryOf(status) }
    this.known.last = { ...memory, threads: status.threads, openFiles: this.#openFiles }
    this.known.peakBytes = Math.max(this.known.peakBytes ?? 0, status.peakBytes)
    if (memory.rssBytes > (this.known.highest?.rssBytes ?? -1)) this.known.highest = memory
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
    this.#statm.close()
  }
}
