import type { SampledProcess } from './sampler-protocol.js'
import type { WatchedProcess } from './watched-process.js'

/** The processes that are sampled now. */
export class WatchedProcesses {
  /** All of them, as an array, because a loop over it costs less than one over the map. */
  list: readonly WatchedProcess[] = []
  readonly #byPid = new Map<number, WatchedProcess>()

  get(pid: number): WatchedProcess | undefined {
    return this.#byPid.get(pid)
  }

  add(watched: WatchedProcess): void {
    this.#byPid.set(watched.known.pid, watched)
    this.list = [...this.#byPid.values()]
  }

  remove(watched: WatchedProcess): void {
    this.#byPid.delete(watched.known.pid)
    this.list = [...this.#byPid.values()]
  }

  /** Bytes that a plain sum of RSS counts more than once. */
  get overlapBytes(): number {
    let bytes = 0
    for (const watched of this.list) bytes += watched.overlapBytes
    return bytes
  }

  /** When the first of them is due to be checked for a new name; Infinity if there are none. */
  get renameDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY
    for (const watched of this.list) dueMs = Math.min(dueMs, watched.renameDueMs)
    return dueMs
  }

  known(): SampledProcess[] {
    return this.list.map(({ known }) => known)
  }

  /** Returns the newest RSS of those that could be read. */
  latest(): [pid: number, rssBytes: number][] {
    return this.list.filter(({ isRead }) => isRead).map(({ known, rssBytes }) => [known.pid, rssBytes])
  }

  close(): void {
    for (const watched of this.list) watched.close()
  }
}
