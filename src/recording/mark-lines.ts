import * as v from 'valibot'
import type { Mark } from '../marks.js'
import type { ObservedMark } from './observed-mark.js'

/** A mark of a program that says no more than it must; the recorder reads the rest from outside. */
export interface BareMark {
  mark: 'start' | 'round-start' | 'round'
  round?: number | undefined
  pid?: number | undefined
  role?: string | undefined
  name?: string | undefined
}

export type MarkLine =
  | { kind: 'mark'; mark: Mark }
  | { kind: 'bare'; mark: BareMark }
  | { kind: 'observed'; mark: ObservedMark }
  /** A mark of a kind that this version does not know. Others may add their own. */
  | { kind: 'unknown' }
  | { kind: 'broken'; problem: string }

/** One line of `marks.ndjson`. */
export function parseMarkLine(line: string): MarkLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'broken', problem: `is not JSON: ${error.message}` }
    throw error
  }
  const named = v.safeParse(v.object({ mark: v.string() }), value)
  if (!named.success) return { kind: 'broken', problem: 'is not an object with a text "mark"' }
  const schema = SCHEMAS[named.output.mark]
  if (schema === undefined) return { kind: 'unknown' }
  const full = v.safeParse(schema, value)
  if (full.success)
    return named.output.mark === 'observed'
      ? { kind: 'observed', mark: full.output as ObservedMark }
      : { kind: 'mark', mark: full.output as Mark }
  const bare = v.safeParse(bareMark, value)
  if (bare.success && (bare.output.mark === 'start' || bare.output.round !== undefined))
    return { kind: 'bare', mark: bare.output }
  return { kind: 'broken', problem: `is no ${named.output.mark} mark: ${describe(full.issues)}` }
}

function describe(issues: v.BaseIssue<unknown>[]): string {
  return issues.map((issue) => `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`).join('; ')
}

const bytes = v.pipe(v.number(), v.minValue(0))
const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(0))

const memory = v.object({ rssBytes: bytes, rssAnonBytes: bytes, rssFileBytes: bytes, rssShmemBytes: bytes })

const cleanup = v.object({
  gcMs: v.nullable(v.number()),
  purgeMs: v.nullable(v.number()),
  totalMs: v.number(),
  rssBeforeBytes: bytes,
  rssAfterBytes: bytes,
})

const origin = { timeMs: v.number(), pid: wholeNumber, role: v.string(), name: v.optional(v.string()) }

const bareMark = v.object({
  mark: v.picklist(['start', 'round-start', 'round']),
  round: v.optional(wholeNumber),
  pid: v.optional(wholeNumber),
  role: v.optional(v.string()),
  name: v.optional(v.string()),
})

const SCHEMAS: Record<string, v.GenericSchema> = {
  start: v.object({ mark: v.literal('start'), ...origin, memory, allocator: v.string(), exactPeaks: v.boolean() }),
  ready: v.object({
    mark: v.literal('ready'),
    ...origin,
    url: v.optional(v.string()),
    modelBytes: v.optional(bytes),
  }),
  'round-start': v.object({ mark: v.literal('round-start'), ...origin, round: wholeNumber, attempt: wholeNumber }),
  round: v.object({
    mark: v.literal('round'),
    ...origin,
    round: wholeNumber,
    attempt: wholeNumber,
    startedMs: v.number(),
    peakBytes: v.nullable(bytes),
    work: memory,
    end: memory,
    cleanup: v.nullable(cleanup),
    accuracy: v.optional(v.number()),
    aggregator: v.optional(v.string()),
    accepted: v.optional(v.array(v.string())),
  }),
  'round-failed': v.object({
    mark: v.literal('round-failed'),
    ...origin,
    round: wholeNumber,
    attempt: wholeNumber,
    reason: v.string(),
  }),
  attribution: v.object({
    mark: v.literal('attribution'),
    ...origin,
    round: v.optional(wholeNumber),
    rssBytes: bytes,
    retainedBytes: v.number(),
    garbageBytes: v.nullable(v.number()),
    liveBytes: v.number(),
    allocator: v.optional(v.looseObject({ allocator: v.string() })),
  }),
  end: v.object({
    mark: v.literal('end'),
    ...origin,
    state: v.picklist(['completed', 'failed', 'stopped']),
    reason: v.optional(v.string()),
  }),
  observed: v.object({
    mark: v.literal('observed'),
    of: v.picklist(['start', 'round']),
    timeMs: v.number(),
    round: wholeNumber,
    processes: v.array(
      v.object({
        pid: wholeNumber,
        role: v.string(),
        name: v.string(),
        startedMs: v.number(),
        peakBytes: bytes,
        exact: v.boolean(),
        memory,
      }),
    ),
  }),
}
