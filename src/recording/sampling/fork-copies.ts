import { readSharedMemory } from '../../linux/memory/smaps-rollup.js'
import { type ProcessStat, readProcessStat } from '../../linux/process/process-stat.js'
import { nowMs } from '../../shared/clock.js'
import type { WatchedProcess } from './watched-process.js'

/** Age at which a fork counts as a worker; a younger one may be about to exec another program. */
const YOUNG_MS = 200
/** Bytes that a copy must hold beyond its parent's pages to have memory of its own. */
const OWN_BYTES = 2 ** 20
/**
 * Interval at which each family is read again; longer where reading would take over one percent of
 * the time.
 */
const REFRESH_MS = 1000
const COST_SHARE = 1 / 100

/** A process of a family: the parent that forked, or one of its copies. */
interface Member {
  watched: WatchedProcess
  isCopy: boolean
}

interface Young {
  watched: WatchedProcess
  /** The pages that the copy was forked with, and the file pages that its parent maps too. */
  inheritedBytes: number
  bornMs: number
}

/**
 * Processes that were forked and have not become another program. Their resident pages count in
 * their parent as well, so a sum of RSS counts them twice: a server of 400 MiB that starts `sleep`
 * would have a tree of 800.
 *
 * A young copy counts only for what it holds beyond the pages that it inherited. A copy that stays,
 * such as a pre-forked worker, forms a family with its parent and siblings. The members of a family
 * count for their PSS, which divides shared pages among the processes that share them.
 */
export class ForkCopies {
  readonly #young = new Map<number, Young>()
  readonly #family = new Map<number, Member>()
  #dueMs = Number.POSITIVE_INFINITY

  /**
   * Takes in a process that was just found. Returns true if it is a young copy, which has no memory
   * of its own yet.
   *
   * @param parent undefined if it is not watched, or not yet: on a busy machine a child may be
   *   found before its parent
   */
  add(watched: WatchedProcess, stat: ProcessStat, parent: WatchedProcess | undefined): boolean {
    if (!stat.isForkCopy) return false
    // File pages are mapped one by one as the copy first touches them, up to as many as the parent
    // has.
    const inheritedBytes = Math.max(watched.rssBytes, parent?.rssBytes ?? 0)
    this.#young.set(stat.pid, { watched, inheritedBytes, bornMs: watched.known.firstSeenMs })
    return true
  }

  isYoung({ known }: WatchedProcess): boolean {
    return this.#young.size > 0 && this.#young.has(known.pid)
  }

  /** Whether a young copy is watched; while one is, every sample checks what became of it. */
  get hasYoung(): boolean {
    return this.#young.size > 0
  }

  /** When PSS is due to be read next. */
  get dueMs(): number {
    return this.#dueMs
  }

  /** Returns the young copies that now have an image or memory of their own. */
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
    // Pages that n processes shared are now shared by n - 1. The next reading gives exact values.
    const left = (sharers * (sharers - 2)) / (sharers - 1) ** 2
    for (const { watched } of this.#family.values()) watched.setOverlap(watched.overlapBytes * left, nowMs())
    this.#dueMs = Number.NEGATIVE_INFINITY
  }

  /** Reads the PSS of all members, unless there are young copies, which share the pages as well. */
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
