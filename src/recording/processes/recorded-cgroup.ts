import { type CgroupMemory, readCgroupMemory, readCgroupPeak } from '../../linux/memory/cgroup.js'
import { readProcessStat } from '../../linux/process/process-stat.js'
import type { RecordingMetadata } from '../recording.js'

/** The memory of the cgroup that the recorded processes run in, and whether they are alone there. */
export class RecordedCgroup {
  #found: CgroupMemory | null = null

  /** Whether it was found yet. */
  get isKnown(): boolean {
    return this.#found !== null
  }

  /** Its peak alone, which is what moves, for a tenth of the cost. Null where it was not found or is gone. */
  readPeak(): number | null {
    return this.#found && readCgroupPeak(this.#found)
  }

  /**
   * The cgroup of the first process; once that has ended ours, if it was the same one. Undefined where there is none to be read.
   *
   * @param first the first process that still runs
   * @param recorded the pids of all processes that were recorded
   */
  read(first: number | undefined, recorded: ReadonlySet<number>): RecordingMetadata['cgroup'] | undefined {
    const cgroup = readCgroupMemory(first ?? 'self')
    if (cgroup === null || (this.#found?.folder ?? cgroup.folder) !== cgroup.folder) return undefined
    this.#found = cgroup
    const { limitBytes, peakBytes, pids } = cgroup
    return { limitBytes, peakBytes, isAlone: pids?.every((pid) => recorded.has(pid) || isRecorder(pid)) ?? false }
  }
}

/** This process, or the guard that it started for itself. */
function isRecorder(pid: number): boolean {
  if (pid === process.pid) return true
  const stat = readProcessStat(pid)
  return stat.kind === 'read' && stat.parentPid === process.pid
}
