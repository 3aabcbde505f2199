import type { PeakKind } from '../peaks/peak-kind.js'

/**
 * What a recording says, whatever wrote it, in the order in which it says it: bytes and milliseconds throughout. Every
 * reader of this folder is a generator of these, so a file of any size is read in the memory of one line.
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
 * Takes the readings past the events, without an object for each of a day's millions. A pid of null is what the file gives
 * as a whole.
 */
export type OnReading = (pid: number | null, timeMs: number, rssBytes: number | null) => void

export interface CommandEvent {
  kind: 'command'
  command: string
}

/** RSS at one moment. */
export interface ReadingEvent {
  kind: 'reading'
  /** The process; null for what the file gives as a whole: the tree's sum, or the one process that it is about. */
  pid: number | null
  /** Unix ms, or ms since the start in formats that tell no date. */
  timeMs: number
  /** Null where the file says that nothing could be read; mprof writes 0 for that. */
  rssBytes: number | null
}

/** One call of a function that mprof was told to time. */
export interface FunctionEvent {
  kind: 'function'
  name: string
  startMs: number
  endMs: number
  startBytes: number
  endBytes: number
  /** Depth on the stack of timed functions; null in files of old versions, which do not tell. */
  depth: number | null
}

export interface RoundEvent {
  kind: 'round'
  /** From 1. */
  round: number
  /** Null in a table of rounds without times. */
  startMs: number | null
  endMs: number | null
  /** Whose round it is; null where the file does not tell. */
  process: { pid: number; role: string; name: string } | null
  peakBytes: number | null
  peakKind: PeakKind
  /** RSS at the very end of the round, after a cleanup if one ran. */
  endRssBytes: number | null
  /** How many of these bytes count in a process that it was forked from, or that was forked from it; absent where none do. */
  overlapBytes?: number
  /** When a log told of a cleanup in this round; absent where none did. */
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

/** How the recording was made, as plain values; what a format does not tell is left out. */
export interface OriginEvent {
  kind: 'origin'
  facts: Record<string, unknown>
}

/** What a reader of every output made from this file must know. */
export interface NoteEvent {
  kind: 'note'
  message: string
}
