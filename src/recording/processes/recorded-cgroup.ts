import {
  type CgroupMemory,
  type CgroupPlace,
  readCgroupMemory,
  readCgroupMemoryAt,
  readCgroupPeak,
} from '../../linux/memory/cgroup.js'
import { readProcessStat } from '../../linux/process/process-stat.js'
import { nowMs } from '../../shared/clock.js'
import { type TreeRound, TreeRounds } from '../peaks/tree-rounds.js'
import type { RecordingMetadata } from '../recording.js'
import type { ProcessRegistry } from './process-registry.js'

/** Interval of reading limits and members of the cgroup; its peak is read at every update. */
const MEMBERS_MS = 60_000

type CgroupFacts = RecordingMetadata['cgroup']

/**
 * The memory of the cgroup in which the recorded processes run, and whether they are alone there.
 */
export class RecordedCgroup {
  #found: CgroupMemory | null = null
  /** The program's own cgroup, if it has one. */
  #own: { place: CgroupPlace; rounds: TreeRounds } | null = null
  #facts: CgroupFacts
  #membersDueMs = 0

  /** Whether the cgroup has been found. */
  get isKnown(): boolean {
    return this.#found !== null
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
    this.#found = readCgroupMemoryAt(place)
    return this.#own.rounds
  }

  /**
   * Returns what `recording.json` says about the cgroup; undefined if none was found. Reads its
   * peak each time and its limits and members once a minute, which cost ten times as much.
   *
   * @param isDue whether to read limits and members now
   */
  update(
    registry: Pick<ProcessRegistry, 'all' | 'live'>,
    { isDue = nowMs() >= this.#membersDueMs } = {},
  ): CgroupFacts | undefined {
    const whole = isDue ? this.#readMembers(registry) : undefined
    if (whole !== undefined) this.#facts = whole
    else {
      const peakBytes = this.#readPeak()
      if (peakBytes !== null && this.#facts !== undefined) this.#facts = { ...this.#facts, peakBytes }
    }
    return this.#facts
  }

  #readPeak(): number | null {
    const peakBytes = this.#found && readCgroupPeak(this.#found)
    const ofRounds = this.#own?.rounds.highestBytes ?? 0
    return ofRounds === 0 ? peakBytes : Math.max(peakBytes ?? 0, ofRounds)
  }

  /**
   * Reads the cgroup of the first process that still runs or, once all have ended, the recorder's
   * if it is the same. Returns undefined if there is none to read.
   */
  #readMembers(registry: Pick<ProcessRegistry, 'all' | 'live'>): CgroupFacts | undefined {
    this.#membersDueMs = nowMs() + MEMBERS_MS
    if (this.#own !== null) {
      const { limitBytes } = readCgroupMemoryAt(this.#own.place)
      return { limitBytes, peakBytes: this.#readPeak(), isOwn: true, isAlone: true }
    }
    const cgroup = readCgroupMemory(registry.live()[0]?.pid ?? 'self')
    if (cgroup === null || (this.#found?.folder ?? cgroup.folder) !== cgroup.folder) return undefined
    this.#found = cgroup
    const recorded = new Set(registry.all().map(({ pid }) => pid))
    const { limitBytes, peakBytes, pids } = cgroup
    return { limitBytes, peakBytes, isAlone: pids?.every((pid) => recorded.has(pid) || isRecorder(pid)) ?? false }
  }
}

/** Returns whether the pid is this process or the guard that it started. */
function isRecorder(pid: number): boolean {
  if (pid === process.pid) return true
  const stat = readProcessStat(pid)
  return stat.kind === 'read' && stat.parentPid === process.pid
}
