import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../../shared/errors.js'
import type { Mark } from '../../shared/marks.js'
import { formatBytes } from '../../shared/units.js'
import { parseMarkLine } from '../marks/mark-lines.js'
import type { ObservedMark } from '../marks/observed-mark.js'
import { withOuterPids } from '../marks/outer-pid.js'
import type { TreeRound } from '../peaks/tree-rounds.js'
import type { RecordedProcess, Recording, RecordingMetadata, RoundRecord, Sample } from '../recording.js'
import { roundRecords } from '../rounds/rounds.js'
import { withoutSetBacks } from '../rounds/set-back-clock.js'
import { METADATA_FILE } from './metadata-file.js'
import { recorderState } from './recorder-lock.js'
import { MARKS_FILE, SAMPLES_FILE } from './recording-files.js'
import { brokenSamples, samplesOf } from './samples-file.js'
import { readStored, storedLines } from './stored-file.js'
import { metadataSchema } from './stored-schemas.js'

/** A recording without its samples, which grow with its length. */
export type RecordingOutline = Omit<Recording, 'samples'>

/**
 * Reads a recording back, even a running one or one whose recorder was killed: all whole lines.
 *
 * @throws UsageError when the folder holds no recording, or its metadata is broken
 */
export function readRecording(folder: string): Recording {
  const notes: string[] = []
  const samples = [...readSamples(folder, notes)]
  const outline = outlineOf(folder, () => samples)
  return { ...outline, samples, warnings: [...outline.warnings, ...notes] }
}

/**
 * Reads a recording without holding its samples: they are read one by one, and only to find a peak
 * in them.
 *
 * @throws UsageError when the folder holds no recording, or its metadata is broken
 */
export function readOutline(folder: string): RecordingOutline {
  return outlineOf(folder, () => readSamples(folder, []))
}

function outlineOf(folder: string, samples: () => Iterable<Sample>): RecordingOutline {
  const head = readMetadata(folder)
  const warnings = [...(head.warnings ?? [])]
  const tree: TreeRound[] = []
  const marks = withOuterPids(readMarks(folder, warnings, tree), head.processes)
  fillPeaks(head, samples)
  if (head.state === 'running') warnings.push(OPEN[recorderState(folder)])
  const rounds = roundRecords(marks, { [Symbol.iterator]: () => samples()[Symbol.iterator]() }, head.processes)
  return {
    folder,
    head,
    rounds,
    ...(tree.length > 0 && { tree }),
    initial: initialReadings(marks),
    attribution: marks.filter((mark) => mark.mark === 'attribution'),
    failedRounds: marks
      .filter((mark) => mark.mark === 'round-failed')
      .map(({ round, attempt, reason, timeMs }) => ({ round, attempt, reason, timeMs })),
    modelBytes: modelBytesOf(marks),
    warnings: [...warnings, ...warningsOf(head, rounds)],
  }
}

function warningsOf(head: RecordingMetadata, rounds: readonly RoundRecord[]): string[] {
  const warnings: string[] = []
  if (head.state === 'failed' && head.reason !== null) warnings.push(head.reason)
  for (const { pid, name, hugetlbBytes } of head.processes)
    if (hugetlbBytes !== undefined)
      warnings.push(
        `pid ${pid} (${name}) held ${formatBytes(hugetlbBytes)} of huge pages (hugetlbfs) as well: RSS and peaks do not count them.`,
      )
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

const OPEN = {
  runs: 'The recording has no end: it still runs.',
  'was killed': 'The recording has no end: its recorder was killed.',
  unknown: 'The recording has no end: it still runs, or its recorder was killed.',
}

const SAMPLED_PEAKS =
  'Some peaks are the highest sample and not the kernel’s mark, so they are lower bounds: the kernel refused to reset it (/proc/PID/clear_refs), --no-reset was given, or the process became another program (exec) or was gone when the end of its last round was reported.'

const APPROXIMATE_ROUNDS =
  'The rounds are approximate: a log without time stamps reports them, and another process passes it on, perhaps late. What was read is of the moment a line came. Marks of the program (docs/marks.md) or time stamps in its log make them exact.'

/** Returns whether a folder holds a recording. */
export function isRecording(folder: string): boolean {
  return existsSync(join(folder, METADATA_FILE))
}

/**
 * Reads the metadata of a recording.
 *
 * @throws UsageError when there is none, or it is broken; the error names the place
 */
export function readMetadata(folder: string): RecordingMetadata {
  const file = join(folder, METADATA_FILE)
  if (statSync(folder, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`${folder} is a file, expected the folder of a recording`, {
      fix: 'tidemark analyze, plot and peak read files.',
    })
  if (!existsSync(file)) throw new UsageError(`${folder} holds no recording: there is no ${METADATA_FILE} in it`)
  return readStored(file, metadataSchema, 'recording of this version') as RecordingMetadata
}

function* readSamples(folder: string, warnings: string[]): Generator<Sample, undefined> {
  const file = join(folder, SAMPLES_FILE)
  if (!existsSync(file)) {
    warnings.push(`${SAMPLES_FILE} is missing.`)
    return
  }
  const broken: number[] = []
  yield* samplesOf(file, (line) => broken.push(line))
  if (broken.length > 0) warnings.push(`${SAMPLES_FILE}: ${brokenSamples(broken)}.`)
}

/**
 * Returns marks in the order in which they were written. Adds broken lines to the warnings and
 * rounds of the whole tree to `tree`.
 */
export function readMarks(folder: string, warnings: string[], tree: TreeRound[] = []): (Mark | ObservedMark)[] {
  const file = join(folder, MARKS_FILE)
  if (!existsSync(file)) return []
  const marks: (Mark | ObservedMark)[] = []
  const broken: string[] = []
  let brokenLines = 0
  let number = 0
  for (const line of linesOrNote(file, warnings)) {
    number++
    const parsed = parseMarkLine(line)
    if (parsed.kind === 'mark' || parsed.kind === 'observed') marks.push(parsed.mark)
    if (parsed.kind === 'tree') tree.push(parsed.mark)
    if (parsed.kind !== 'broken') continue
    brokenLines++
    if (broken.length < MOST_BROKEN_LINES) broken.push(`${MARKS_FILE} line ${number} ${parsed.problem}`)
  }
  warnings.push(...broken)
  if (brokenLines > broken.length) warnings.push(`${MARKS_FILE}: ${brokenLines} lines in all are no marks.`)
  return withoutSetBacks(marks, (sentence) => warnings.push(sentence))
}

/**
 * Yields the lines of the marks, or adds a warning if the path is not a file any more; the samples
 * can still be read.
 */
function* linesOrNote(file: string, warnings: string[]): Generator<string, undefined> {
  try {
    yield* storedLines(file)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    warnings.push(`${error.message}.`)
  }
}

/** Most broken lines that are reported one by one. */
const MOST_BROKEN_LINES = 5

/**
 * Fills in the highest sample as the peak of a process that ended before its status was read, and
 * so has no kernel peak. The same applies if the recorder was killed and samples came after the
 * last peak that it wrote.
 */
function fillPeaks({ processes, state }: RecordingMetadata, samples: () => Iterable<Sample>): void {
  const unknown = new Map<number, RecordedProcess[]>()
  for (const process of processes)
    if (process.peakBytes === null || state === 'running')
      unknown.set(process.pid, [...(unknown.get(process.pid) ?? []), process])
  if (unknown.size === 0) return
  for (const { timeMs, rss } of samples())
    for (const [pid, rssBytes] of rss)
      for (const process of unknown.get(pid) ?? []) {
        if (rssBytes <= (process.peakBytes ?? 0) || !mayBeOf(process, timeMs)) continue
        process.peakBytes = rssBytes
        process.peakKind = 'sampled'
      }
}

/**
 * Returns whether a reading of the pid may belong to this process. A pid may belong to other
 * processes before and after; the last sighting of a process that still runs is unknown.
 */
function mayBeOf({ firstSeenMs, lastSeenMs, isGone }: RecordedProcess, timeMs: number): boolean {
  return timeMs >= firstSeenMs && (isGone !== true || lastSeenMs <= firstSeenMs || timeMs <= lastSeenMs)
}

/** Returns M, which the server knows once it has built the model. */
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
