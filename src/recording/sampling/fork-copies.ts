import { type ProcessStat, readProcessStat } from '../../linux/process-stat.js'
import { readSharedMemory } from '../../linux/smaps-rollup.js'
import { nowMs } from '../clock.js'
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
  /** Pages that count in another member, as of the newest reading. */
  overlapBytes: number
}

interface Young {
  watched: WatchedProcess
  /** The pages that it was forked with, and those of files that its parent has too. */
  inheritedBytes: number
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
  /** Members that the present pass has yet to read. */
  #toRead: number[] = []
  #costMs = 0
  #dueMs = Number.POSITIVE_INFINITY

  /** True when it is a young copy: it is nothing of its own yet. */
  add(watched: WatchedProcess, stat: ProcessStat, parent: WatchedProcess | undefined): boolean {
    if (!stat.isForkCopy || parent === undefined) return false
    // File pages are mapped one by one when the copy first runs through them, up to as many as the parent has.
    const inheritedBytes = Math.max(watched.rssBytes, parent.rssBytes)
    this.#young.set(stat.pid, { watched, inheritedBytes })
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
    for (const [pid, { watched, inheritedBytes }] of this.#young) {
      const stat = readProcessStat(pid)
      if (stat.kind !== 'read') continue // the next reading of RSS tells that it is gone
      const isOld = timeMs - watched.known.firstSeenMs >= YOUNG_MS
      if (stat.isForkCopy && !isOld && watched.rssBytes < inheritedBytes + OWN_BYTES) continue
      this.#young.delete(pid)
      grown.push(watched)
      if (!stat.isForkCopy) {
        watched.becameAnother()
        continue
      }
      watched.setOverlap(inheritedBytes, timeMs)
      this.#join(watched, { isCopy: true, overlapBytes: inheritedBytes })
      const parent = watchedOf(stat.parentPid)
      if (parent !== undefined && !this.#family.has(stat.parentPid))
        this.#join(parent, { isCopy: false, overlapBytes: 0 })
    }
    return grown
  }

  remove(pid: number): void {
    this.#young.delete(pid)
    if (!this.#family.delete(pid)) return
    if (![...this.#family.values()].some(({ isCopy }) => isCopy)) this.#disband()
    else this.#startPass(Number.NEGATIVE_INFINITY)
  }

  /**
   * Reads the PSS of one member; the others follow with the next samples, so that none waits for all of them. What was read
   * counts once the pass is over: half of it would divide the shared pages among too few.
   */
  readNext(timeMs: number): void {
    if (timeMs < this.#dueMs) return
    const pid = this.#toRead.shift()
    const member = pid === undefined ? undefined : this.#family.get(pid)
    const before = performance.now()
    if (pid !== undefined && member !== undefined) this.#read(pid, member)
    this.#costMs += performance.now() - before
    if (this.#toRead.length > 0) return
    for (const { watched, overlapBytes } of this.#family.values()) watched.setOverlap(overlapBytes, timeMs)
    this.#startPass(timeMs + Math.max(REFRESH_MS, this.#costMs / COST_SHARE))
  }

  #read(pid: number, member: Member): void {
    const stat = readProcessStat(pid)
    if (stat.kind !== 'read') return
    if (member.isCopy && !stat.isForkCopy) {
      member.watched.becameAnother()
      member.watched.setOverlap(0, nowMs())
      this.remove(pid)
      return
    }
    const memory = readSharedMemory(pid)
    if (memory !== null) member.overlapBytes = Math.max(0, memory.rssBytes - memory.pssBytes)
  }

  #join(watched: WatchedProcess, member: { isCopy: boolean; overlapBytes: number }): void {
    this.#family.set(watched.known.pid, { watched, ...member })
    this.#startPass(Number.NEGATIVE_INFINITY)
  }

  #startPass(dueMs: number): void {
    this.#toRead = [...this.#family.keys()]
    this.#costMs = 0
    this.#dueMs = dueMs
  }

  #disband(): void {
    for (const { watched } of this.#family.values()) watched.setOverlap(0, nowMs())
    this.#family.clear()
    this.#startPass(Number.POSITIVE_INFINITY)
  }
}
