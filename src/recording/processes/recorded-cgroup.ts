import { findLimit, type MemoryLimit, readLimit } from '../../linux/cgroups/memory-limit.js'
import { readProcFile } from '../../linux/files/proc-file.js'
import {
  type CgroupLimit,
  type CgroupPlace,
  findCgroup,
  readCgroupMemoryAt,
  readCgroupPeak,
} from '../../linux/memory/cgroup.js'
import { readRss } from '../../linux/memory/statm.js'
import { readProcessStat } from '../../linux/process/process-stat.js'
import { nowMs } from '../../shared/clock.js'
import { median } from '../../statistics/median.js'
import { type TreeRound, TreeRounds } from '../peaks/tree-rounds.js'
import type { RecordingMetadata } from '../recording.js'
import type { ProcessRegistry } from './process-registry.js'

/** Interval of reading limits and members of the cgroup; its peak is read at every update. */
const MEMBERS_MS = 60_000

/** Samples whose median stands for what was used at the end. */
const LAST_SAMPLES = 9

type CgroupFacts = RecordingMetadata['cgroup']

export interface LimitNow extends MemoryLimit {
  /** RSS of the recorded processes by pid, read at the same moment. */
  rss: ReadonlyMap<number, number>
}

type Processes = Pick<ProcessRegistry, 'all' | 'live'>

/**
 * The memory of the cgroup in which the recorded processes run, and whether they are alone there.
 */
export class RecordedCgroup {
  /** Whether the program ran before us: our own cgroup then says nothing about it. */
  readonly #isAttached: boolean
  /** Cgroup of the first process that still runs, by its `/proc/PID/cgroup`. */
  #place: CgroupPlace | undefined
  #placeText = ''
  #limit: CgroupLimit | null = null
  /** What was used of the limit at the last samples, see {@link CgroupFacts.usedBytes}. */
  #used: number[] = []
  /** The program's own cgroup, if it has one. */
  #own: { place: CgroupPlace; rounds: TreeRounds } | null = null
  #facts: CgroupFacts
  #membersDueMs = 0

  constructor({ isAttached }: { isAttached: boolean }) {
    this.#isAttached = isAttached
  }

  /** Whether the cgroup has been found. */
  get isKnown(): boolean {
    return this.#place !== undefined
  }

  /** Peaks of the program's own cgroup; null if it has none. */
  get tree(): TreeRounds | null {
    return this.#own?.rounds ?? null
  }

  /**
   * Uses a cgroup that the program has to itself: its peak is read and reset at the end of each
   * round.
   */
  use(place: CgroupPlace, options: { isNew: boolean; append(round: TreeRound): void }): TreeRounds {
    this.#own = { place, rounds: new TreeRounds(place, options) }
    this.#place = place
    this.#limit = findLimit(place)
    return this.#own.rounds
  }

  /** Returns the limit that binds the processes, and how much of it is used now. */
  limit(processes: Processes): LimitNow {
    this.#followFirst(processes)
    const limit = readLimit(this.#limit)
    const rss = new Map(processes.live().map(({ pid }) => [pid, readRss(pid) ?? 0]))
    const isInUse = limit.of === 'cgroup' && rss.size > 0
    if (isInUse && limit.usedBytes !== null) this.#used = [...this.#used, limit.usedBytes].slice(-LAST_SAMPLES)
    return { ...limit, rss }
  }

  /**
   * Returns what `recording.json` says about the cgroup; undefined if none was found. Reads its
   * peak each time and its limits and members once a minute, which cost ten times as much.
   *
   * @param isDue whether to read limits and members now
   */
  update(registry: Processes, { isDue = nowMs() >= this.#membersDueMs } = {}): CgroupFacts | undefined {
    this.#facts = (isDue ? this.#readMembers(registry) : undefined) ?? this.#facts
    if (this.#facts === undefined) return undefined
    const peakBytes = this.#readPeak() ?? this.#facts.peakBytes
    this.#facts = { ...this.#facts, peakBytes, ...(this.#used.length > 0 && { usedBytes: median(this.#used) }) }
    return this.#facts
  }

  #readPeak(): number | null {
    const peakBytes = this.#place === undefined ? null : readCgroupPeak(this.#place)
    const ofRounds = this.#own?.rounds.highestBytes ?? 0
    return ofRounds === 0 ? peakBytes : Math.max(peakBytes ?? 0, ofRounds)
  }

  /**
   * Reads limits and members. Returns undefined if no cgroup was found, or if it was removed
   * meanwhile.
   */
  #readMembers(registry: Processes): CgroupFacts | undefined {
    this.#membersDueMs = nowMs() + MEMBERS_MS
    this.#followFirst(registry)
    if (this.#place === undefined) return undefined
    this.#limit = findLimit(this.#place)
    const { limitBytes, peakBytes, currentBytes, pids } = readCgroupMemoryAt(this.#place)
    if (this.#own !== null) return { limitBytes, peakBytes: this.#readPeak(), isOwn: true, isAlone: true }
    if (currentBytes === null && pids === null) return undefined
    const recorded = new Set(registry.all().map(({ pid }) => pid))
    return { limitBytes, peakBytes, isAlone: pids?.every((pid) => recorded.has(pid) || isRecorder(pid)) ?? false }
  }

  /**
   * Finds the cgroup of the first process that still runs, which may move. A command that has ended
   * before it was read ran in ours.
   */
  #followFirst(processes: Processes): void {
    if (this.#own !== null) return
    const first = processes.live()[0]?.pid ?? (this.#isAttached || this.isKnown ? undefined : 'self')
    const file = first === undefined ? undefined : readProcFile(first, 'cgroup')
    if (file?.kind !== 'read' || file.text === this.#placeText) return
    this.#placeText = file.text
    this.#place = findCgroup(first!)
    this.#limit = findLimit(this.#place)
  }
}

/** Returns whether the pid is this process or the guard that it started. */
function isRecorder(pid: number): boolean {
  if (pid === process.pid) return true
  const stat = readProcessStat(pid)
  return stat.kind === 'read' && stat.parentPid === process.pid
}
