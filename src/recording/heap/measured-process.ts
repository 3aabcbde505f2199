import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

const bytes = v.number()
const take = v.looseObject({
  when: v.picklist(['at its end', 'a moment later']),
  residentBytes: bytes,
  sharedBytes: v.optional(bytes),
  floorBytes: bytes,
  trimmedBytes: v.nullable(bytes),
  mallocBytes: v.nullable(bytes),
  ownBytes: bytes,
  stoodMs: v.number(),
  file: v.optional(v.string()),
  snapshot: v.optional(v.string()),
  externalBytes: v.optional(bytes),
})

/** File that a measured process leaves in the folder: `PID.process.json`. */
const measured = v.looseObject({
  pid: v.number(),
  executable: v.string(),
  version: v.string(),
  arguments: v.array(v.string()),
  folder: v.nullable(v.string()),
  engine: v.nullable(v.picklist(['memray', 'tracemalloc', 'v8'])),
  engineNote: v.nullable(v.string()),
  /** Offset from a count of completed rounds to the number of the last of them. */
  offset: v.number(),
  completed: v.number(),
  wanted: v.array(v.number()),
  /** The first look, where it came later than the first that was wanted. */
  first: v.optional(v.number()),
  takes: v.record(v.string(), take),
  freedByStopBytes: v.nullable(v.number()),
  notes: v.array(v.string()),
})

export type MeasuredProcess = v.InferOutput<typeof measured>
export type Look = { round: number } & v.InferOutput<typeof take>

/** Reads all processes that measured themselves. */
export function measuredProcesses(folder: string): MeasuredProcess[] {
  return names(folder).flatMap((name) => {
    try {
      const read = v.safeParse(measured, JSON.parse(readFileSync(join(folder, name), 'utf8')))
      return read.success ? [read.output] : []
    } catch {
      return [] // cut off by a full disk; the caller reports the missing process
    }
  })
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.process.json'))
  } catch {
    return []
  }
}

/**
 * Returns the requested looks from the first to the last; undefined if either of these two is
 * missing.
 */
export function looksOf(process: MeasuredProcess): Look[] | undefined {
  const looks = takenLooks(process)
  return looks?.at(-1)?.round === process.wanted.at(-1) ? looks : undefined
}

/**
 * Returns the looks at a process that was ended before its last one, as a worker that is killed at
 * the end of its server; undefined if they are too few to compare.
 */
export function looksBeforeEnd(process: MeasuredProcess): Look[] | undefined {
  const looks = process.notes.length > 0 ? undefined : takenLooks(process)
  return looks !== undefined && looks.length > 2 ? looks : undefined
}

/** Returns the looks from the first one on; undefined without that one or another. */
function takenLooks({ wanted, first = wanted[0], takes }: MeasuredProcess): Look[] | undefined {
  const looks = wanted.flatMap((round) => {
    const found = takes[round]
    return found === undefined ? [] : [{ round, ...found }]
  })
  return looks.length > 1 && looks[0]!.round === first ? looks : undefined
}
