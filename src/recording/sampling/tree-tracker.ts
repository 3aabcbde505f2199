import { readProcFile } from '../../linux/files/proc-file.js'
import { carriesVariable } from '../../linux/process/environment.js'
import { openLastPid } from '../../linux/process/last-pid.js'
import { listPids } from '../../linux/process/process-list.js'
import { hasEnded, type ProcessStat, readProcessStat } from '../../linux/process/process-stat.js'
import { isThread } from '../../linux/threads/thread.js'
import { PLAN } from './native/struct-layout.js'
import type { TreeSettings } from './sampler-protocol.js'

/** Longest time between two full listings of /proc, which find what the shorter ways missed. */
const LISTING_INTERVAL_MS = 30_000
/** Shorter time, until the newest pid has been seen to move: in some sandboxes it never does. */
const FREQUENT_LISTING_INTERVAL_MS = 5000
/** Most new pids to try one by one; with more, a listing is cheaper. */
const MOST_TRIED = 64
/**
 * How long, and at low rates how often, a pid is retried: it is handed out a moment before its
 * process can be seen, and an environment reads as empty during exec.
 */
const RETRY_MS = 20
const ATTEMPTS = 2

/**
 * Finds the descendants of the recorded processes: children of known processes, members of their
 * groups, and processes that carry the recording's id, whose parents may be gone. A process once
 * found stays, even if another process adopts it.
 *
 * Most samples cost one reading of /proc/loadavg, which holds the newest pid. If it has not changed
 * there is no new process; if it has, only the pids in between are checked.
 */
export class TreeTracker {
  readonly #settings: TreeSettings
  readonly #newestPid = openLastPid()
  readonly #ours = new Set<number>()
  /** Ids of groups that a recorded process leads, or led. */
  readonly #groups = new Set<number>()
  /** Pids of the last listing that are not recorded. */
  #others = new Set<number>()
  /** New pids that could not be judged yet, with the time and number of attempts. */
  #undecided = new Map<number, { sinceMs: number; attempts: number }>()
  #newest: number | null = null
  #seenPid: number | null = null
  /** Whether the newest pid has been seen to move here. */
  #hasMoved = false
  /**
   * Start ticks of recorded processes that have ended and can still be listed because their parents
   * have not waited for them.
   */
  readonly #ended = new Map<number, number>()
  #vanished = 0
  #listedMs = Number.NEGATIVE_INFINITY

  constructor(settings: TreeSettings) {
    this.#settings = settings
  }

  add(stat: ProcessStat): void {
    this.#ours.add(stat.pid)
    this.#undecided.delete(stat.pid)
    if (stat.groupId === stat.pid) this.#groups.add(stat.pid)
  }

  /**
   * Removes a process that has ended. Children that it leaves behind are known already, or carry
   * the id.
   */
  remove({ pid, startTicks }: { pid: number; startTicks: number }): void {
    this.#ours.delete(pid)
    this.#ended.set(pid, startTicks)
  }

  /**
   * Number of descendants that ended before they could be read. Those that leave no trace cannot be
   * counted.
   */
  get vanished(): number {
    return this.#vanished
  }

  /**
   * Returns whether `findNew` has work, undecided pids and a due listing included. Separate from it
   * because this runs with every sample and that rarely.
   */
  hasNews(timeMs: number): boolean {
    this.#newest = this.#newestPid?.read() ?? null
    return (
      this.#newest === null || this.#newest !== this.#seenPid || this.#undecided.size > 0 || this.#isListingDue(timeMs)
    )
  }

  #isListingDue(timeMs: number): boolean {
    return timeMs - this.#listedMs >= this.#listingIntervalMs
  }

  get #listingIntervalMs(): number {
    return this.#hasMoved ? LISTING_INTERVAL_MS : FREQUENT_LISTING_INTERVAL_MS
  }

  /** Passes to the native loop where to look for new processes. */
  exportState(plan: Float64Array): void {
    if (this.#newestPid === null) return
    plan[PLAN.loadavg] = this.#newestPid.descriptor
    plan[PLAN.newestPid] = this.#seenPid ?? 0
  }

  /** Time until which there is no news unless the newest pid moves. */
  get quietUntilMs(): number {
    if (this.#newestPid === null || this.#newest === null || this.#undecided.size > 0) return 0
    return this.#listedMs + this.#listingIntervalMs
  }

  /** Makes the next search a full listing. */
  listAgain(): void {
    this.#listedMs = Number.NEGATIVE_INFINITY
  }

  /**
   * Returns descendants that are new since the last search, parents before children. Call `hasNews`
   * first.
   */
  findNew(timeMs: number): readonly ProcessStat[] {
    let candidates = this.#candidates(timeMs)
    if (candidates.length === 0) return NONE
    const found: ProcessStat[] = []
    for (let before = -1; before !== found.length; ) {
      before = found.length
      const rest: number[] = []
      for (const pid of candidates) {
        const stat = this.#judge(pid, timeMs)
        if (stat === undefined) continue
        if (this.#isOurs(stat)) {
          this.add(stat)
          found.push(stat)
        } else rest.push(pid)
      }
      candidates = rest // a child may stand before its parent
    }
    for (const pid of candidates) this.#judgeByEnvironment(pid, timeMs, found)
    return found
  }

  close(): void {
    this.#newestPid?.close()
  }

  #candidates(timeMs: number): readonly number[] {
    const newest = this.#newest
    const seen = this.#seenPid
    this.#seenPid = newest
    if (seen !== null && newest !== null && newest !== seen) this.#hasMoved = true
    const isListingDue = this.#isListingDue(timeMs)
    const retried = [...this.#undecided.keys()]
    if (!isListingDue && newest !== null && seen !== null && newest >= seen && newest - seen <= MOST_TRIED) {
      const added = Array.from({ length: newest - seen }, (_, index) => seen + 1 + index)
      // A pid of the last listing that was reused is another process now.
      for (const pid of added) this.#others.delete(pid)
      return [...new Set([...retried, ...added])]
    }
    this.#listedMs = timeMs
    const listed = listPids()
    const fresh = listed.filter((pid) => !this.#ours.has(pid) && !this.#others.has(pid))
    this.#others = new Set(listed.filter((pid) => !this.#ours.has(pid)))
    for (const pid of this.#ended.keys()) if (!this.#others.has(pid)) this.#ended.delete(pid)
    return [...new Set([...retried, ...fresh])]
  }

  /**
   * Returns undefined if the pid is recorded already, has ended, is gone or not there yet, or is
   * the recorder's.
   */
  #judge(pid: number, timeMs: number): ProcessStat | undefined {
    if (this.#ours.has(pid) || pid === this.#settings.recorderPid) return undefined
    const stat = readProcessStat(pid)
    if (stat.kind !== 'read') {
      this.#retry(pid, timeMs)
      return undefined
    }
    const isKnown = this.#ended.get(pid) === stat.startTicks
    if (!isKnown && !hasEnded(stat)) return stat
    this.#undecided.delete(pid)
    if (!isKnown && this.#isOurs(stat)) {
      this.#ended.set(pid, stat.startTicks)
      this.#vanished++
    }
    return undefined
  }

  #isOurs(stat: ProcessStat): boolean {
    if (stat.parentPid === this.#settings.recorderPid) return false
    return (this.#ours.has(stat.parentPid) || this.#groups.has(stat.groupId)) && !isThread(stat.pid)
  }

  #judgeByEnvironment(pid: number, timeMs: number, found: ProcessStat[]): void {
    const { assignment, containerId } = this.#settings
    const isMarked = assignment !== null && carriesVariable(pid, assignment)
    // A process that the runtime starts in a container (`docker exec`) has its parent outside.
    const carries = containerId === undefined ? isMarked : isInContainer(pid, containerId)
    if (carries === undefined) {
      this.#retry(pid, timeMs)
      return
    }
    this.#undecided.delete(pid)
    if (!carries || isThread(pid)) return
    const stat = readProcessStat(pid)
    if (stat.kind !== 'read') return
    this.add(stat)
    found.push(stat)
  }

  #retry(pid: number, timeMs: number): void {
    const { sinceMs, attempts } = this.#undecided.get(pid) ?? { sinceMs: timeMs, attempts: 0 }
    if (attempts + 1 < ATTEMPTS || timeMs - sinceMs < RETRY_MS)
      this.#undecided.set(pid, { sinceMs, attempts: attempts + 1 })
    else this.#undecided.delete(pid)
  }
}

/** Returns undefined if the cgroup cannot be read. */
function isInContainer(pid: number, id: string): boolean | undefined {
  const file = readProcFile(pid, 'cgroup')
  return file.kind === 'read' ? file.text.includes(id) && !file.text.includes(`conmon-${id}`) : undefined
}

const NONE: readonly never[] = []
