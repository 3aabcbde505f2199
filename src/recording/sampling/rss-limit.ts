import { readSharedMemory } from '../../linux/memory/smaps-rollup.js'
import type { WatchedProcess } from './watched-process.js'

/** Time between two checks of a sum that is over the limit: reading PSS takes 19 ms for a GiB. */
const CONFIRM_INTERVAL_MS = 200

/** The result of one sample, to compare with the limit. */
export interface SummedSample {
  timeMs: number
  sumBytes: number
  /** Returns the processes of the sum. */
  counted(): readonly WatchedProcess[]
}

/** A limit on the memory of the whole tree, reported once. */
export class RssLimit {
  #bytes: number
  #dueMs = 0

  /** @param bytes null for no limit */
  constructor(bytes: number | null) {
    this.#bytes = bytes ?? Number.POSITIVE_INFINITY
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * Confirms a sum over the limit. A limit ends a job, so one sample is not enough: every process
   * is read again, and several processes count for their PSS, which divides the pages that they
   * share.
   *
   * @returns the sum that passes the limit; undefined if none does, or if one was reported before
   */
  passedBy({ timeMs, sumBytes, counted }: SummedSample): number | undefined {
    if (sumBytes <= this.#bytes || timeMs < this.#dueMs) return undefined
    this.#dueMs = timeMs + CONFIRM_INTERVAL_MS
    const processes = counted()
    const confirmedBytes = processes.reduce((sum, watched) => sum + ownBytes(watched, timeMs, processes.length > 1), 0)
    if (confirmedBytes <= this.#bytes) return undefined
    this.#bytes = Number.POSITIVE_INFINITY
    return confirmedBytes
  }
}

function ownBytes(watched: WatchedProcess, timeMs: number, mayShare: boolean): number {
  if (watched.readRss(timeMs) !== 'read') return 0
  const bytes = watched.rssBytes - watched.overlapBytes
  return mayShare ? Math.min(bytes, readSharedMemory(watched.known.pid)?.pssBytes ?? bytes) : bytes
}
