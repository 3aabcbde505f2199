import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { messageOf, systemErrorCode, UsageError } from '../errors.js'
import type { Mark } from '../marks.js'
import { HEAD_FILE } from './head-file.js'
import { parseMarkLine } from './mark-lines.js'
import type { ObservedMark } from './observed-mark.js'
import type { RecordedProcess, Recording, RecordingHead, RoundRecord, Sample } from './recording.js'
import { MARKS_FILE, SAMPLES_FILE } from './recording-files.js'
import { roundRecords } from './rounds.js'
import { samplesOf } from './samples-file.js'

/** A recording but for its samples, which grow with its length. */
export type RecordingOutline = Omit<Recording, 'samples'>

/**
 * Reads a recording back, a running one and one whose recorder was killed as well: whatever whole lines there are.
 *
 * @throws UsageError when the folder holds no recording, or its head is broken
 */
export function readRecording(folder: string): Recording {
  const notes: string[] = []
  const samples = [...readSamples(folder, notes)]
  const outline = outlineOf(folder, () => samples)
  return { ...outline, samples, warnings: [...outline.warnings, ...notes] }
}

/**
 * The same without holding the samples: they are read only where a peak has to be found in them, one by one.
 *
 * @throws UsageError when the folder holds no recording, or its head is broken
 */
export function readOutline(folder: string): RecordingOutline {
  return outlineOf(folder, () => readSamples(folder, []))
}

function outlineOf(folder: string, samples: () => Iterable<Sample>): RecordingOutline {
  const head = readHead(folder)
  const warnings = [...(head.warnings ?? [])]
  const marks = readMarks(folder, warnings)
  fillPeaks(head.processes, samples)
  const rounds = roundRecords(marks, { [Symbol.iterator]: () => samples()[Symbol.iterator]() }, head.processes)
  return {
    folder,
    head,
    rounds,
    initial: initialReadings(marks),
    attribution: marks.filter((mark) => mark.mark === 'attribution'),
    failedRounds: marks
      .filter((mark) => mark.mark === 'round-failed')
      .map(({ round, attempt, reason, timeMs }) => ({ round, attempt, reason, timeMs })),
    modelBytes: modelBytesOf(marks),
    warnings: [...warnings, ...warningsOf(head, rounds)],
  }
}

function warningsOf(head: RecordingHead, rounds: readonly RoundRecord[]): string[] {
  const warnings: string[] = []
  if (head.state === 'running') warnings.push('The recording has no end: it still runs, or its recorder was killed.')
  if (head.state === 'failed' && head.reason !== null) warnings.push(head.reason)
  for (const { pid, name, isReplaced } of head.processes)
    if (isReplaced)
      warnings.push(`pid ${pid} (${name}) became another program (exec): of the one before the peak is a lower bound.`)
  if (rounds.some(({ peakKind }) => peakKind === 'sampled')) warnings.push(SAMPLED_PEAKS)
  if (rounds.some(({ approximate }) => approximate)) warnings.push(APPROXIMATE_ROUNDS)
  const missed = head.sampling.missed ?? 0
  if (missed > 0.01 * (head.sampling.samples + missed))
    warnings.push(`${missed} of ${head.sampling.samples + missed} samples were left out: the machine was too busy.`)
  return warnings
}

const SAMPLED_PEAKS =
  'Some peaks are the highest sample and not the kernel’s mark, so they are lower bounds: the kernel refused to reset it (/proc/PID/clear_refs), --no-reset was given, or the process became another program (exec) or was gone when the end of its last round was told.'

const APPROXIMATE_ROUNDS =
  'The rounds are approximate: a log without time stamps tells of them, and another process passes it on, perhaps late. What was read is of the moment a line came. Marks of the program (docs/marks.md) or time stamps in its log make them exact.'

/** Whether a folder holds a recording. */
export function isRecording(folder: string): boolean {
  return existsSync(join(folder, HEAD_FILE))
}

export function readHead(folder: string): RecordingHead {
  const file = join(folder, HEAD_FILE)
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT')
      throw new UsageError(`${folder} holds no recording: there is no ${HEAD_FILE} in it`)
    if (systemErrorCode(error) === 'ENOTDIR')
      throw new UsageError(`${dirname(file)} is a file, expected the folder of a recording`, {
        fix: 'tidemark analyze, plot and peak read files.',
        cause: error,
      })
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`, { cause: error })
  }
  const parsed = v.safeParse(headSchema, value)
  // The schema checks what is relied on; the rest is the writer's promise.
  if (parsed.success) return value as RecordingHead
  const [issue] = parsed.issues
  throw new UsageError(`${file} is no recording of this version: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`)
}

/** What is relied on; what later versions add passes through. */
const headSchema = v.looseObject({
  format: v.literal('tidemark-recording/1'),
  command: v.array(v.string()),
  setting: v.record(v.string(), v.union([v.string(), v.number()])),
  startedMs: v.number(),
  endedMs: v.nullable(v.number()),
  state: v.picklist(['running', 'completed', 'failed', 'stopped']),
  reason: v.nullable(v.string()),
  machine: v.looseObject({ hostname: v.string(), kernel: v.string(), memoryBytes: v.number() }),
  sampling: v.looseObject({
    askedIntervalMs: v.number(),
    achievedIntervalMs: v.nullable(v.number()),
    samples: v.number(),
    readings: v.object({ read: v.number(), gone: v.number(), unreadable: v.number() }),
  }),
  processes: v.array(
    v.looseObject({
      pid: v.number(),
      startTicks: v.number(),
      role: v.string(),
      name: v.string(),
      command: v.string(),
      firstSeenMs: v.number(),
      lastSeenMs: v.number(),
      peakBytes: v.nullable(v.number()),
      peakKind: v.picklist(['exact', 'sampled']),
    }),
  ),
})

function* readSamples(folder: string, warnings: string[]): Generator<Sample, undefined> {
  const file = join(folder, SAMPLES_FILE)
  if (!existsSync(file)) {
    warnings.push(`${SAMPLES_FILE} is missing.`)
    return
  }
  const broken: number[] = []
  yield* samplesOf(file, (line) => broken.push(line))
  if (broken.length > 0)
    warnings.push(`${SAMPLES_FILE}: ${broken.length} lines are no samples, the first is line ${broken[0]}.`)
}

/** Marks in the order in which they were written; what is broken goes to the warnings. */
export function readMarks(folder: string, warnings: string[]): (Mark | ObservedMark)[] {
  const file = join(folder, MARKS_FILE)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.flatMap((line, index) => {
    const parsed = parseMarkLine(line)
    if (parsed.kind === 'broken') warnings.push(`${MARKS_FILE} line ${index + 1} ${parsed.problem}`)
    return parsed.kind === 'mark' || parsed.kind === 'observed' ? [parsed.mark] : []
  })
}

/** A process that ended before its status was read has no mark of the kernel's; its highest sample is what there is. */
function fillPeaks(processes: RecordedProcess[], samples: () => Iterable<Sample>): void {
  const unknown = processes.filter(({ peakBytes }) => peakBytes === null)
  if (unknown.length === 0) return
  for (const { timeMs, rss } of samples()) {
    for (const process of unknown) {
      if (timeMs < process.firstSeenMs || (process.lastSeenMs > process.firstSeenMs && timeMs > process.lastSeenMs))
        continue
      for (const [pid, rssBytes] of rss) {
        if (pid !== process.pid || rssBytes <= (process.peakBytes ?? 0)) continue
        process.peakBytes = rssBytes
        process.peakKind = 'sampled'
      }
    }
  }
}

/** M, which the server knows once it has built the model. */
function modelBytesOf(marks: readonly (Mark | ObservedMark)[]): number | null {
  for (const mark of marks) if (mark.mark === 'ready' && mark.modelBytes !== undefined) return mark.modelBytes
  return null
}

function initialReadings(marks: readonly (Mark | ObservedMark)[]): Recording['initial'] {
  return marks.flatMap((mark) => {
    if (mark.mark === 'start')
      return [{ role: mark.role, name: mark.name ?? mark.role, pid: mark.pid, memory: mark.memory }]
    if (mark.mark !== 'observed' || mark.of !== 'start') return []
    return mark.processes.map(({ role, name, pid, memory }) => ({ role, name, pid, memory }))
  })
}
