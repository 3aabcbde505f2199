import type { MemoryReading } from '../../shared/marks.js'

/**
 * A reading that the recorder took from outside at a boundary that a foreign program, or its log,
 * reported. It is a line of `marks.ndjson`, so that the recording can be read back from its own
 * files.
 */
export interface ObservedMark {
  mark: 'observed'
  /** Event that was reported: the program is up, or one of its rounds ended. */
  of: 'start' | 'round'
  /** Time of the reading. */
  timeMs: number
  /** Round number; 0 for a start. */
  round: number
  /**
   * True if the report came from a log without time stamps that another process passes on, perhaps
   * some tenths of a second late.
   */
  approximate?: boolean
  /** Time of a cleanup in this round, as the log reported it. */
  cleanupMs?: number
  /**
   * True if this replaces an earlier line for these processes in this round, because they were read
   * during their teardown.
   */
  corrects?: boolean
  processes: ObservedProcess[]
}

export interface ObservedProcess {
  pid: number
  role: string
  name: string
  /** Time of the previous boundary, or when the process was first seen. */
  startedMs: number
  /**
   * VmHWM since the previous boundary, or since the process began; null if the process had ended,
   * so that samples must supply it.
   */
  peakBytes: number | null
  /**
   * False if the peak could not be reset at the previous boundary, so that it may be of an earlier
   * round.
   */
  exact: boolean
  memory: MemoryReading
}
