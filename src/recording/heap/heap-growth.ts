/**
 * One line of the program's code, and how much more it holds at the later round than at the earlier
 * one.
 */
export interface GrownLine {
  /**
   * Absolute path; null if only the constructor of the objects is known (array buffers of a Node
   * program).
   */
  file: string | null
  /**
   * Line number, counts from 1. V8 knows only the function, so for a Node program it is the
   * function's first line. Null with `file`.
   */
  line: number | null
  function: string
  /** Text of the line without its indentation; empty if the file cannot be read. */
  text: string
  bytes: number
  /** Increase in blocks, or in objects of V8; those of V8 are estimated from samples. */
  objects: number
  /**
   * Allocator: Python's own, numpy, another native library, or V8; `modules` if most of it was
   * allocated as Python loaded modules.
   */
  kind: 'python' | 'numpy' | 'native' | 'modules' | 'v8'
  /** Bytes held at every round of `HeapGrowth.rounds`. */
  liveBytes: number[]
  /**
   * The stack that allocated most at this line: this line first, then its callers, `--heap-depth`
   * of them.
   */
  stack: StackFrame[]
  /** All stacks of the line that grew, for the flame graph. */
  stacks: { bytes: number; stack: StackFrame[] }[]
}

export interface StackFrame {
  file: string
  line: number
  function: string
}

export type HeapEngine = 'memray' | 'tracemalloc' | 'v8'

/**
 * Growth of one process between the ends of two rounds. The parts add up: `lineBytes` +
 * `nativeBytes` + `retainedBytes` + `restBytes` = `rssGrowthBytes`.
 */
export interface HeapGrowth {
  process: { pid: number; name: string; role: string }
  engine: HeapEngine
  fromRound: number
  toRound: number
  /** Rounds with a look, the first and the last included. */
  rounds: number[]
  rssGrowthBytes: number
  /**
   * Share of RSS growth that lines hold, 0 to 1, without the engine's own memory. Null if nothing
   * grew.
   */
  explainedShare: number | null
  /**
   * The line that holds at least half of the growth and grew in more than one step; null if there
   * is none.
   */
  cause: { file: string | null; line: number | null; function: string } | null
  /** Lines by growth, the largest first, at most 50. Empty if nothing grew. */
  lines: GrownLine[]
  /** Growth of all lines together, including those that are not listed and those that shrank. */
  lineBytes: number
  /** Number of lines that hold more or less than before. */
  lineCount: number
  /**
   * Growth of allocations without a line of Python; null if the engine cannot measure it. For a
   * Node program, memory outside V8's heap.
   */
  nativeBytes: number | null
  /**
   * Growth of free memory and garbage that the process kept; null if it could not be asked to free
   * them.
   */
  retainedBytes: number | null
  /** Growth that none of these explains, `ownBytes` included. */
  restBytes: number
  /** Part of the rest: memory that the engine takes for its records of the program. */
  ownBytes: number
  cost: HeapCost
  /** Growth by constructor, for a Node program, and its two heap snapshots. */
  constructors?: { name: string; objects: number; selfBytes: number; retainedBytes: number; path: string | null }[]
  files?: string[]
  notes: string[]
}

/** Cost of measuring, as far as one run shows it. */
export interface HeapCost {
  /** Time in ms for which looks paused the program. */
  stoodMs: number
  /** Median time of the measured rounds, and of those after them; null for fewer than three. */
  roundMs: number | null
  roundMsWithout: number | null
  /** Memory that stopping the measurement freed; null if it was not stopped. */
  freedByStopBytes: number | null
}

/** One look at a measured process, as `python/tidemark_heap` and the module for Node write it. */
export interface Take {
  when: 'at its end' | 'a moment later'
  residentBytes: number
  floorBytes: number
  /** RSS after a collection and a trim; null where neither could be requested. */
  trimmedBytes: number | null
  mallocBytes: number | null
  ownBytes: number
  stoodMs: number
}

export interface Parts {
  rssGrowthBytes: number
  ownBytes: number
  retainedBytes: number | null
  nativeBytes: number | null
  restBytes: number
  explainedShare: number | null
}

/** Minimum growth. Less is the noise of pages and arenas, which come in steps of up to 1 MiB. */
export const LEAST_GROWTH = 512 * 1024

/** Splits the growth of RSS between two looks into its parts. */
export function partsOf(
  first: Take,
  last: Take,
  found: { lineBytes: number; nativeBytes: number | null; ownBytes: number; freeBytes?: number | null },
): Parts {
  const rssGrowthBytes = levelOf(last) - levelOf(first)
  const { lineBytes } = found
  const ownBytes = last.ownBytes - first.ownBytes + found.ownBytes
  const [keptFirst, keptLast] = [keptBytes(first), keptBytes(last)]
  const givenBackBytes = keptFirst === null || keptLast === null ? null : keptLast - keptFirst
  const leftBytes = programGrowth({ rssGrowthBytes, ownBytes, retainedBytes: givenBackBytes })
  // The allocator counts whole blocks, of which pages that were never written are not resident.
  const mostNative = Math.max(0, leftBytes - lineBytes - Math.max(0, givenBackBytes ?? 0))
  const nativeBytes = found.nativeBytes === null ? null : Math.min(found.nativeBytes, mostNative)
  const unexplainedBytes = rssGrowthBytes - ownBytes - lineBytes - (nativeBytes ?? 0) - (givenBackBytes ?? 0)
  const heldBytes = atMost(found.freeBytes ?? 0, unexplainedBytes)
  const retainedBytes = givenBackBytes === null && heldBytes === 0 ? null : (givenBackBytes ?? 0) + heldBytes
  const programBytes = programGrowth({ rssGrowthBytes, ownBytes, retainedBytes })
  return {
    rssGrowthBytes,
    ownBytes,
    retainedBytes,
    nativeBytes,
    restBytes: rssGrowthBytes - lineBytes - (nativeBytes ?? 0) - (retainedBytes ?? 0),
    explainedShare: programBytes < LEAST_GROWTH ? null : Math.min(1, Math.max(0, lineBytes / programBytes)),
  }
}

/**
 * Returns the part of free memory that the allocator of Python holds, which trimming does not give
 * back. It counts whole arenas, of which pages that were never written are not resident, so it is
 * at most what nothing else explains.
 */
function atMost(freeBytes: number, unexplainedBytes: number): number {
  if (freeBytes > 0 !== unexplainedBytes > 0) return 0
  return freeBytes > 0 ? Math.min(freeBytes, unexplainedBytes) : Math.max(freeBytes, unexplainedBytes)
}

/**
 * Returns the growth without the engine's memory. Free memory that was given back between the looks
 * hides as much growth, so it is added.
 */
export function programGrowth({
  rssGrowthBytes,
  ownBytes,
  retainedBytes,
}: Pick<Parts, 'rssGrowthBytes' | 'ownBytes' | 'retainedBytes'>): number {
  return rssGrowthBytes - ownBytes - Math.min(0, retainedBytes ?? 0)
}

/**
 * Returns the free memory and garbage of a look. In the middle of a round some of what a collection
 * frees is the round's own, which is not in the level.
 */
function keptBytes(take: Take): number | null {
  if (take.trimmedBytes === null) return null
  const bytes = levelOf(take) - take.trimmedBytes
  return take.when === 'at its end' ? bytes : Math.max(0, bytes)
}

/**
 * Returns the level of a look. A look in the middle of a round includes that round's temporary
 * memory; the round's lowest RSS does not.
 */
function levelOf({ when, residentBytes, floorBytes }: Take): number {
  return when === 'at its end' ? residentBytes : floorBytes
}

/** Minimum share of a line's growth for an increase to count as a step. */
const LEAST_STEP = 0.05

/** Share of a line's growth by which it may fall between two looks. */
const LARGEST_FALL = 0.25

/**
 * Returns true if a line grew in more than one step, the last one included, and did not fall
 * between. Memory that is allocated once, up to a limit reached on the way, or let go every few
 * rounds is not a leak. Two looks alone cannot distinguish these and count as steady.
 */
export function growsSteadily(liveBytes: readonly number[]): boolean {
  const steps = liveBytes.slice(1).map((bytes, index) => bytes - liveBytes[index]!)
  if (steps.length < 2) return true
  const grownBytes = liveBytes.at(-1)! - liveBytes[0]!
  const grown = steps.map((step) => step > LEAST_STEP * grownBytes)
  return grown.filter(Boolean).length > 1 && grown.at(-1)! && !steps.some((step) => step < -LARGEST_FALL * grownBytes)
}

/** Returns the line that holds at least half of the program's growth, if it grows steadily. */
export function causeOf(parts: Parts, [first]: readonly GrownLine[]): HeapGrowth['cause'] {
  if (first === undefined || parts.explainedShare === null || parts.explainedShare < 0.5) return null
  // A module is loaded once, however many of them a program loads late.
  if (first.kind === 'modules') return null
  if (first.bytes < 0.5 * programGrowth(parts) || !growsSteadily(first.liveBytes)) return null
  return { file: first.file, line: first.line, function: first.function }
}
