import {
  type CgroupMemory,
  type CgroupPlace,
  readCgroupMemory,
  readCgroupMemoryAt,
  readCgroupPeak,
} from '../../linux/memory/cgroup.js'
import { readProcessStat } from '../../linux/process/process-stat.js'
import { type TreeRound, TreeRounds } from '../peaks/tree-rounds.js'
import type { RecordingMetadata } from '../recording.js'

/**
 * The memory of the cgroup in which the recorded processes run, and whether they are alone there.
 */
export class RecordedCgroup {
  #found: CgroupMemory | null = null
  /** The program's own cgroup, if it has one. */
  #own: { place: CgroupPlace; rounds: TreeRounds } | null = null

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
   * Reads the peak alone, the value that changes, for a tenth of the cost. Returns null if the
   * cgroup was not found or is gone.
   */
  readPeak(): number | null {
    const peakBytes = this.#found && readCgroupPeak(this.#found)
    const ofRounds = this.#own?.rounds.highestBytes ?? 0
    return ofRounds === 0 ? peakBytes : Math.max(peakBytes ?? 0, ofRounds)
  }

  /**
   * Reads the cgroup of the first process or, once that has ended, the recorder's if it is the
   * same. Returns undefined if there is none to read.
   *
   * @param first the first process that still runs
   * @param recorded the pids of all recorded processes
   */
  read(first: number | undefined, recorded: ReadonlySet<number>): RecordingMetadata['cgroup'] | undefined {
    if (this.#own !== null) {
      const { limitBytes } = readCgroupMemoryAt(this.#own.place)
      return { limitBytes, peakBytes: this.readPeak(), isOwn: true, isAlone: true }
    }
    const cgroup = readCgroupMemory(first ?? 'self')
    if (cgroup === null || (this.#found?.folder ?? cgroup.folder) !== cgroup.folder) return undefined
    this.#found = cgroup
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
