import type { MemoryReading } from '../../shared/marks.js'

/**
 * What the recorder read from outside at a boundary that a foreign program, or its log, told of. It writes it as a line of
 * `marks.ndjson`, so that reading the recording back needs nothing else.
 */
export interface ObservedMark {
  mark: 'observed'
  /** What was told: the program is up, or one of its rounds ended. */
  of: 'start' | 'round'
  /** When it was read. */
  timeMs: number
  /** Zero for a start. */
  round: number
  /** Told by a log without time stamps that another process passes on: perhaps some tenths of a second late. */
  approximate?: boolean
  /** The log told of a cleanup in this round, at this time. */
  cleanupMs?: number
  /** It replaces what an earlier line says of these processes in this round: they were read while they were torn down. */
  corrects?: boolean
  processes: ObservedProcess[]
}

export interface ObservedProcess {
  pid: number
  role: string
  name: string
  /** The boundary before, or when the process was first seen. */
  startedMs: number
  /** VmHWM since the boundary before, or since the process began; null where it had ended, so that samples have to tell. */
  peakBytes: number | null
  /** False when the peak could not be reset at the boundary before: it may be of an earlier round. */
  exact: boolean
  memory: MemoryReading
}
