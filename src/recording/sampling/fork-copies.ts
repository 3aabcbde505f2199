import { readSharedMemory } from '../../linux/memory/smaps-rollup.js'
import { type ProcessStat, readProcessStat } from '../../linux/process/process-stat.js'
import { nowMs } from '../../shared/clock.js'
import type { WatchedProcess } from './watched-process.js'

/** A child between fork and exec is about to be another program; one that lives longer is a worker. */
const YOUNG_MS = 200
/** What a copy must hold beyond its parent's pages to count as memory of its own. */
const OWN_BYTES = 2 ** 20
/** Each family is read anew this often, and seldom enough to take at most one percent of the time. */
const REFRESH_MS = 1000
const COST_SHARE = 1 / 100

/** A process of a family: the parent that forked, or one of its copies. */
interface Member {
  watched: WatchedProcess
  isCopy: boolean
}

interface Young {
  watched: WatchedProcess
  /** The pages that it was forked with, and those of files that its parent has too. */
  inheritedBytes: number
  bornMs: number
}

/**
 * Processes that were forked and have not become another program. Their resident pages are counted in their parent as well,
 * so that a sum of RSS counts them twice: a server of 400 MiB that starts `sleep` would have a tree of 800.
 *
 * A young copy counts only for what it holds beyond the pages that it inherited. One that stays, as a pre-forked worker
 * does, makes a family with its parent and its siblings, whose members count for their PSS: the pages that are shared are
 * divided among those who share them.
 */
export class ForkCopies {
  readonly #young = new Map<number, Young>()
  readonly #family = new Map<number, Member>()
  #dueMs = Number.POSITIVE_INFINITY

  /**
   * Takes in a process that was just found. True when it is a young copy, which is nothing of its own yet.
   *
   * @param parent undefined where it is not watched, or not yet: on a busy machine a child may be found before its parent
   */
  add(watched: WatchedProcess, stat: ProcessStat, parent: WatchedProcess | undefined): boolean {
    if (!stat.isForkCopy) return false
    // File pages are mapped one by one when the copy first runs through them, up to as many as the parent has.
    const inheritedBytes = Math.max(watched.rssBytes, parent?.rssBytes ?? 0)
    this.#young.set(stat.pid, { watched, inheritedBytes, bornMs: watched.known.firstSeenMs })
    return true
  }

  isYoung({ known }: WatchedProcess): boolean {
    return this.#young.size > 0 && this.#young.has(known.pid)
  }

  /** While a young copy is watched every sample asks what became of it. */
  get hasYoung(): boolean {
    return this.#young.size > 0
  }

  /** When PSS is to be read next. */
  get dueMs(): number {
    return this.#dueMs
  }

  /** The young ones that have an image or memory of their own by now. */
  grownUp(timeMs: number, watchedOf: (pid: number) => WatchedProcess | undefined): WatchedProcess[] {
    const grown: WatchedProcess[] = []
    for (const [pid, { watched, inheritedBytes, bornMs }] of this.#young) {
      const stat = readProcessStat(pid)
      if (stat.kind !== 'read') continue // the next reading of RSS tells that it is gone
      const isOld = timeMs - bornMs >= YOUNG_MS
      if (stat.isForkCopy && !isOld && watched.rssBytes < inheritedBytes + OWN_BYTES) continue
      this.#young.delete(pid)
      watched.known.firstSeenMs = timeMs
      grown.push(watched)
      if (!stat.isForkCopy) {
        watched.becameAnother()
        continue
      }
      const parent = watchedOf(stat.parentPid)
      if (parent === undefined) continue // its pages count nowhere else
      watched.setOverlap(inheritedBytes, timeMs)
      this.#join(watched, true)
      if (!this.#family.has(stat.parentPid)) this.#join(parent, false)
    }
    return grown
  }

  remove(pid: number): void {
    this.#young.delete(pid)
    if (!this.#family.has(pid)) return
    const sharers = this.#family.size
    this.#family.delete(pid)
    if (![...this.#family.values()].some(({ isCopy }) => isCopy)) {
      this.#disband()
      return
    }
    // What n shared is shared by n - 1 now. The next reading tells it exactly.
    const left = (sharers * (sharers - 2)) / (sharers - 1) ** 2
    for (const { watched } of this.#family.values()) watched.setOverlap(watched.overlapBytes * left, nowMs())
    this.#dueMs = Number.NEGATIVE_INFINITY
  }

  /** Reads the PSS of all members. Not while there are young copies, among whom the pages are divided as well. */
  readPss(timeMs: number): void {
    if (timeMs < this.#dueMs || this.hasYoung) return
    const before = performance.now()
    for (const [pid, member] of this.#family) {
      const stat = readProcessStat(pid)
      if (stat.kind !== 'read') continue
      if (member.isCopy && !stat.isForkCopy) {
        member.watched.becameAnother()
        member.watched.setOverlap(0, timeMs)
        this.remove(pid)
        continue
      }
      const memory = readSharedMemory(pid)
      if (memory !== null) member.watched.setOverlap(Math.max(0, memory.rssBytes - memory.pssBytes), timeMs)
    }
    const costMs = performance.now() - before
    if (this.#family.size > 0) this.#dueMs = timeMs + Math.max(REFRESH_MS, costMs / COST_SHARE)
  }

  #join(watched: WatchedProcess, isCopy: boolean): void {
    this.#family.set(watched.known.pid, { watched, isCopy })
    this.#dueMs = Number.NEGATIVE_INFINITY
  }

  #disband(): void {
    for (const { watched } of this.#family.values()) watched.setOverlap(0, nowMs())
    this.#family.clear()
    this.#dueMs = Number.POSITIVE_INFINITY
  }
}
