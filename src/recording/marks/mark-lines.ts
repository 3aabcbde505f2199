import * as v from 'valibot'
import type { Mark } from '../../shared/marks.js'
import type { TreeRound } from '../peaks/tree-rounds.js'
import {
  attributionEntries,
  bytes,
  cleanup,
  memory,
  number,
  roundNumber,
  timeMs,
  wholeNumber,
} from '../storage/stored-schemas.js'
import type { ObservedMark } from './observed-mark.js'

/** A mark with only the required fields; the recorder reads the rest from outside. */
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
  | { kind: 'tree'; mark: TreeRound }
  /** A mark of a kind that this version does not know. Other programs may add their own. */
  | { kind: 'unknown' }
  | { kind: 'broken'; problem: string }

/** Parses one line of `marks.ndjson`. */
export function parseMarkLine(line: string): MarkLine {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'broken', problem: `is not JSON: ${error.message}` }
    throw error
  }
  if (!isNamed(value)) return { kind: 'broken', problem: 'is not an object with a text "mark"' }
  const schema = Object.hasOwn(SCHEMAS, value.mark) ? SCHEMAS[value.mark] : undefined
  if (schema === undefined) return { kind: 'unknown' }
  const full = v.safeParse(schema, value)
  if (full.success)
    return value.mark === 'observed'
      ? { kind: 'observed', mark: full.output as ObservedMark }
      : value.mark === 'tree'
        ? { kind: 'tree', mark: full.output as TreeRound }
        : { kind: 'mark', mark: full.output as Mark }
  const bare = v.safeParse(bareMark, value)
  if (bare.success && (bare.output.mark === 'start' || bare.output.round !== undefined))
    return { kind: 'bare', mark: bare.output }
  return { kind: 'broken', problem: `is no ${value.mark} mark: ${describe(full.issues)}` }
}

/** Checks by hand, since a schema for this alone took longer than the line's own. */
function isNamed(value: unknown): value is { mark: string } {
  return typeof value === 'object' && value !== null && 'mark' in value && typeof value.mark === 'string'
}

function describe(issues: v.BaseIssue<unknown>[]): string {
  return issues.map((issue) => `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`).join('; ')
}

const origin = { timeMs, pid: wholeNumber, role: v.string(), name: v.optional(v.string()) }

const bareMark = v.object({
  mark: v.picklist(['start', 'round-start', 'round']),
  round: v.optional(roundNumber),
  pid: v.optional(wholeNumber),
  role: v.optional(v.string()),
  name: v.optional(v.string()),
})

const SCHEMAS: Record<string, v.GenericSchema> = {
  start: v.object({
    mark: v.literal('start'),
    ...origin,
    memory,
    allocator: v.string(),
    exactPeaks: v.boolean(),
    v8Flags: v.exactOptional(v.object({ set: v.array(v.string()), missing: v.array(v.string()) })),
  }),
  ready: v.object({
    mark: v.literal('ready'),
    ...origin,
    url: v.optional(v.string()),
    modelBytes: v.optional(bytes),
  }),
  'round-start': v.object({ mark: v.literal('round-start'), ...origin, round: roundNumber, attempt: wholeNumber }),
  round: v.object({
    mark: v.literal('round'),
    ...origin,
    round: roundNumber,
    attempt: wholeNumber,
    startedMs: timeMs,
    peakBytes: v.nullable(bytes),
    work: memory,
    end: memory,
    cleanup: v.nullable(cleanup),
    accuracy: v.optional(number),
    aggregator: v.optional(v.string()),
    accepted: v.optional(v.array(v.string())),
  }),
  'round-failed': v.object({
    mark: v.literal('round-failed'),
    ...origin,
    round: roundNumber,
    attempt: wholeNumber,
    reason: v.string(),
  }),
  peak: v.object({ mark: v.literal('peak'), ...origin, peakBytes: bytes }),
  attribution: v.object({ mark: v.literal('attribution'), ...attributionEntries }),
  end: v.object({
    mark: v.literal('end'),
    ...origin,
    state: v.picklist(['completed', 'failed', 'stopped']),
    reason: v.optional(v.string()),
  }),
  tree: v.object({
    mark: v.literal('tree'),
    round: roundNumber,
    startedMs: timeMs,
    timeMs,
    peakBytes: bytes,
    peakKind: v.picklist(['exact', 'sampled']),
    anonBytes: v.nullable(bytes),
    cacheBytes: v.nullable(bytes),
    pressure: v.nullable(
      v.object({ of: v.picklist(['cgroup', 'machine']), someUs: wholeNumber, fullUs: v.nullable(wholeNumber) }),
    ),
    events: v.object({ limitHits: v.nullable(wholeNumber), oomKills: v.nullable(wholeNumber) }),
  }),
  observed: v.object({
    mark: v.literal('observed'),
    of: v.picklist(['start', 'round']),
    timeMs,
    round: roundNumber,
    approximate: v.optional(v.boolean()),
    cleanupMs: v.optional(number),
    corrects: v.optional(v.boolean()),
    processes: v.array(
      v.object({
        pid: wholeNumber,
        role: v.string(),
        name: v.string(),
        startedMs: timeMs,
        peakBytes: v.nullable(bytes),
        exact: v.boolean(),
        memory,
      }),
    ),
  }),
}
