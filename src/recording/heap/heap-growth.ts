/** One line of the program's code, and how much more is held at it at the later round than at the earlier one. */
export interface GrownLine {
  /** Absolute path; null where only the constructor of the objects is known (array buffers of a Node program). */
  file: string | null
  /** From 1; V8 knows the function alone, so for a Node program it is the line where that begins. Null with `file`. */
  line: number | null
  function: string
  /** The line as it stands in the file, without its indentation; empty where the file cannot be read. */
  text: string
  bytes: number
  /** More blocks, or objects of V8, than before; those of V8 are estimated from samples. */
  objects: number
  /** What allocated: Python's own allocators, numpy, another native library, or V8. */
  kind: 'python' | 'numpy' | 'native' | 'v8'
  /** Bytes held at every round of `HeapGrowth.rounds`. */
  liveBytes: number[]
  /** The stack that allocated most at this line: this line first, then its callers, `--heap-depth` of them. */
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
 * What grew in one process between the ends of two rounds. The parts add up: `lineBytes` + `nativeBytes` + `retainedBytes` +
 * `restBytes` = `rssGrowthBytes`.
 */
export interface HeapGrowth {
  process: { pid: number; name: string; role: string }
  engine: HeapEngine
  fromRound: number
  toRound: number
  /** Rounds at which was looked, the first and the last included. */
  rounds: number[]
  rssGrowthBytes: number
  /** 0 to 1: the share of RSS growth that is held at lines, the engine's own memory left out. Null when nothing grew. */
  explainedShare: number | null
  /** The line that holds at least half of the growth and grew in more than one step; null where none does. */
  cause: { file: string | null; line: number | null; function: string } | null
  /** The largest growth first, at most 50. Empty when nothing grew. */
  lines: GrownLine[]
  /** All lines together, those that are not listed and those that shrank included. */
  lineBytes: number
  /** Number of lines at which anything is held. */
  lineCount: number
  /** Allocated without a line of Python; null where the engine cannot tell. For a Node program, memory outside V8's heap. */
  nativeBytes: number | null
  /** Free memory and garbage that the process kept. */
  retainedBytes: number
  /** What none of these explains, `ownBytes` included. */
  restBytes: number
  /** Of the rest: memory that the engine itself took for what it keeps of the program's. */
  ownBytes: number
  cost: HeapCost
  /** Of a Node program: what grew by constructor, and the two heap snapshots. */
  constructors?: { name: string; objects: number; selfBytes: number; retainedBytes: number }[]
  files?: string[]
  notes: string[]
}

/** What measuring cost, as far as one run can tell. */
export interface HeapCost {
  /** Time for which the program stood still to be looked at, ms. */
  stoodMs: number
  /** Median time of the rounds that were measured, and of those after that; null where there are none. */
  roundMs: number | null
  roundMsWithout: number | null
  /** Memory that came back when measuring stopped; null where it had not. */
  freedByStopBytes: number | null
}

/** One look of a measured process, as `python/tidemark_heap` and the module for Node write it. */
export interface Take {
  when: 'at its end' | 'a moment later'
  residentBytes: number
  floorBytes: number
  trimmedBytes: number
  mallocBytes: number | null
  ownBytes: number
  stoodMs: number
}

export interface Parts {
  rssGrowthBytes: number
  ownBytes: number
  retainedBytes: number
  nativeBytes: number | null
  restBytes: number
  explainedShare: number | null
}

/** Growth below this is the noise of pages and arenas, which come in steps of up to 1 MiB. */
export const LEAST_GROWTH = 512 * 1024

/** Splits the growth of RSS between two looks. */
export function partsOf(
  first: Take,
  last: Take,
  found: { lineBytes: number; nativeBytes: number | null; ownBytes: number },
): Parts {
  const rssGrowthBytes = levelOf(last) - levelOf(first)
  const { lineBytes, nativeBytes } = found
  const ownBytes = last.ownBytes - first.ownBytes + found.ownBytes
  const retainedBytes = last.residentBytes - last.trimmedBytes - (first.residentBytes - first.trimmedBytes)
  const programBytes = rssGrowthBytes - ownBytes
  return {
    rssGrowthBytes,
    ownBytes,
    retainedBytes,
    nativeBytes,
    restBytes: rssGrowthBytes - lineBytes - (nativeBytes ?? 0) - retainedBytes,
    explainedShare: programBytes < LEAST_GROWTH ? null : Math.min(1, Math.max(0, lineBytes / programBytes)),
  }
}

/** A look in the middle of a round sees what that needs for a moment; the round's lowest RSS is without it. */
function levelOf({ when, residentBytes, floorBytes }: Take): number {
  return when === 'at its end' ? residentBytes : floorBytes
}

/** The part of a line's growth that a step has to have to count as one. */
const LEAST_STEP = 0.05

/**
 * Whether a line grew in more than one step and went on to the end: what is made once, or kept up to a limit that was reached
 * on the way, is no leak. Two looks alone cannot tell, and count as steady.
 */
export function growsSteadily(liveBytes: readonly number[]): boolean {
  const steps = liveBytes.slice(1).map((bytes, index) => bytes - liveBytes[index]!)
  if (steps.length < 2) return true
  const least = LEAST_STEP * (liveBytes.at(-1)! - liveBytes[0]!)
  const grown = steps.map((step) => step > least)
  return grown.filter(Boolean).length > 1 && grown.at(-1)!
}

/** The line that holds at least half of what the program grew by, where it is one that goes on growing. */
export function causeOf(
  { rssGrowthBytes, ownBytes, explainedShare }: Parts,
  [first]: readonly GrownLine[],
): HeapGrowth['cause'] {
  if (first === undefined || explainedShare === null || explainedShare < 0.5) return null
  if (first.bytes < 0.5 * (rssGrowthBytes - ownBytes) || !growsSteadily(first.liveBytes)) return null
  return { file: first.file, line: first.line, function: first.function }
}
