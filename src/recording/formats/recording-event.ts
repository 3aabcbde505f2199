import type { PeakKind } from '../peaks/peak-kind.js'

/**
 * An event of a recording in any format, in the order of the file, in bytes and milliseconds
 * throughout. Every reader in this folder is a generator of these, so a file of any size is read in
 * the memory of one line.
 */
export type RecordingEvent =
  | CommandEvent
  | ReadingEvent
  | FunctionEvent
  | RoundEvent
  | ProcessEvent
  | OriginEvent
  | NoteEvent

/**
 * Takes readings without creating an object for each, since a day has millions. A null pid stands
 * for the whole.
 */
export type OnReading = (pid: number | null, timeMs: number, rssBytes: number | null) => void

export interface CommandEvent {
  kind: 'command'
  command: string
}

/** RSS at one moment. */
export interface ReadingEvent {
  kind: 'reading'
  /** Process ID; null for the whole: the sum of the tree, or the only process of the file. */
  pid: number | null
  /** Unix ms, or ms since the start in formats without a date. */
  timeMs: number
  /** RSS in bytes; null if the file says that nothing could be read, for which mprof writes 0. */
  rssBytes: number | null
}

/** One call of a function that mprof timed. */
export interface FunctionEvent {
  kind: 'function'
  name: string
  startMs: number
  endMs: number
  startBytes: number
  endBytes: number
  /** Depth on the stack of timed functions; null in files of old versions, which have no depth. */
  depth: number | null
}

export interface RoundEvent {
  kind: 'round'
  /** Round number; counts from 1. */
  round: number
  /** Start in Unix ms; null in a table of rounds without times. */
  startMs: number | null
  endMs: number | null
  /** Process that the round belongs to; null if the file does not say. */
  process: { pid: number; role: string; name: string } | null
  peakBytes: number | null
  peakKind: PeakKind
  /** RSS at the very end of the round, after a cleanup if one ran. */
  endRssBytes: number | null
  /**
   * Bytes of `endRssBytes` that also count in the process it was forked from, or in one forked from
   * it; absent if there are none.
   */
  overlapBytes?: number
  /** Time of a cleanup that a log reported in this round; absent if it reported none. */
  cleanupMs?: number
}

export interface ProcessEvent {
  kind: 'process'
  pid: number
  role: string
  name: string
  peakBytes: number | null
  peakKind: PeakKind
}

/** How the recording was made, as plain values; what a format does not record is left out. */
export interface OriginEvent {
  kind: 'origin'
  facts: Record<string, unknown>
}

/** A note that must appear in every output made from this file. */
export interface NoteEvent {
  kind: 'note'
  message: string
}
