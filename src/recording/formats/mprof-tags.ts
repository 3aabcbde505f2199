import * as v from 'valibot'
import type { UsageError } from '../../shared/errors.js'
import type { OriginEvent, ProcessEvent, RecordingEvent, RoundEvent } from './recording-event.js'

/**
 * Reads the lines that Tidemark adds to a `.dat` file; mprof skips tags that it does not know. They
 * hold what mprof has no place for, so a recording survives the way through a `.dat` file without
 * loss:
 *
 *     TIDEMARK {"format":"tidemark-recording/1","startedMs":...}    how it was recorded
 *     PROCESS 4127 {"role":"server","name":"server","peakBytes":...,"peakKind":"exact"}
 *     ROUND 3 1795467785.9964 1795467787.0011 {"pid":4127,"role":"server",...}
 *
 * A ROUND needs only its number, and its start and end in Unix seconds, so any program can append
 * one.
 */
export function parseTag(
  tag: string,
  values: string,
  error: (expected: string) => UsageError,
): RecordingEvent | undefined {
  if (tag === 'ROUND') return parseRound(values, error)
  if (tag === 'PROCESS') return parseProcess(values, error)
  if (tag === 'TIDEMARK')
    return { kind: 'origin', facts: parseJson(values, Facts, () => error('TIDEMARK <JSON object>')) }
  return undefined
}

export function formatTag(event: OriginEvent | ProcessEvent | RoundEvent): string {
  if (event.kind === 'origin') return `TIDEMARK ${JSON.stringify(event.facts)}`
  if (event.kind === 'process') {
    const { kind: _kind, pid, ...rest } = event
    return `PROCESS ${pid} ${JSON.stringify(rest)}`
  }
  const { round, startMs, endMs, process, peakBytes, peakKind, endRssBytes } = event
  const rest = { ...process, peakBytes, peakKind, endRssBytes }
  return `ROUND ${round} ${secondsOf(startMs ?? 0)} ${secondsOf(endMs ?? 0)} ${JSON.stringify(rest)}`
}

/** Formats Unix seconds with 4 decimals, as mprof writes them. */
export function secondsOf(ms: number): string {
  return (ms / 1000).toFixed(4)
}

const Facts = v.record(v.string(), v.unknown())
const Bytes = v.nullable(v.pipe(v.number(), v.minValue(0)))
const Kind = v.picklist(['exact', 'sampled'])
const Process = v.object({ role: v.string(), name: v.string(), peakBytes: Bytes, peakKind: Kind })
const Round = v.object({
  pid: v.optional(v.number()),
  role: v.optional(v.string()),
  name: v.optional(v.string()),
  peakBytes: v.optional(Bytes, null),
  peakKind: v.optional(Kind, 'sampled'),
  endRssBytes: v.optional(Bytes, null),
})

const ROUND = /^(\d+) (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)(?: (\{.*\}))?$/
const PROCESS = /^(\d+) (\{.*\})$/

function parseRound(values: string, error: (expected: string) => UsageError): RoundEvent {
  const wrong = () => error('ROUND <round from 1> <Unix seconds> <Unix seconds>, and perhaps a JSON object')
  const match = ROUND.exec(values)
  if (match === null || match[1] === '0') throw wrong()
  const { pid, role = '', name = '', ...rest } = parseJson(match[4] ?? '{}', Round, wrong)
  return {
    kind: 'round',
    round: Number(match[1]),
    startMs: Math.round(Number(match[2]) * 10_000) / 10,
    endMs: Math.round(Number(match[3]) * 10_000) / 10,
    process: pid === undefined ? null : { pid, role, name },
    ...rest,
  }
}

function parseProcess(values: string, error: (expected: string) => UsageError): ProcessEvent {
  const wrong = () => error('PROCESS <pid> <JSON object with role, name, peakBytes and peakKind>')
  const match = PROCESS.exec(values)
  if (match === null) throw wrong()
  return { kind: 'process', pid: Number(match[1]), ...parseJson(match[2]!, Process, wrong) }
}

function parseJson<T>(text: string, schema: v.GenericSchema<unknown, T>, wrong: () => UsageError): T {
  try {
    return v.parse(schema, JSON.parse(text))
  } catch {
    throw wrong()
  }
}
