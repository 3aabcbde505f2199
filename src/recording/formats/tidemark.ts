import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { withOuterPids } from '../marks/outer-pid.js'
import { overlapOf } from '../processes/overlap.js'
import type { RecordingMetadata, RoundRecord } from '../recording.js'
import { roundRecords } from '../rounds/rounds.js'
import { readMarks, readMetadata } from '../storage/read-recording.js'
import { SAMPLES_FILE } from '../storage/recording-files.js'
import { brokenSamples, type SampleRow, sampleRows } from '../storage/samples-file.js'
import { heldBytes, movingSwap, swapNote } from '../swap.js'
import { commandLine } from './command-line.js'
import type { OnReading, ProcessEvent, RecordingEvent } from './recording-event.js'

/**
 * Reads a recording's folder as events: the metadata, the samples with the tree's sum first, then
 * the rounds. If a peak was not read from the kernel, the highest sample takes its place.
 *
 * @throws UsageError if the folder holds no recording, or its metadata file is broken
 */
export function* readTidemark(folder: string): Generator<RecordingEvent, undefined> {
  for (const event of readRows(folder)) {
    if ('kind' in event) yield event
    else yield* readingsOf(event)
  }
}

/**
 * Reads the same, but passes the readings to a function, which avoids an object for each of a day's
 * millions.
 */
export function* readTidemarkPast(folder: string, onReading: OnReading): Generator<RecordingEvent, undefined> {
  for (const event of readRows(folder)) {
    if ('kind' in event) {
      yield event
      continue
    }
    const { timeMs, readings, pids, rssBytes, isTree } = event
    onReading(null, timeMs, event.sumBytes)
    if (isTree) for (let i = 0; i < readings; i++) onReading(pids[i]!, timeMs, rssBytes[i]!)
  }
}

/** A sample of a tree, with the whole, in which shared pages count once, and with each process. */
type TreeRow = SampleRow & { isTree: boolean; sumBytes: number }

function* readingsOf(row: TreeRow): Generator<RecordingEvent, undefined> {
  const { timeMs, readings, pids, rssBytes, isTree } = row
  yield { kind: 'reading', pid: null, timeMs, rssBytes: row.sumBytes }
  if (!isTree) return
  for (let i = 0; i < readings; i++) yield { kind: 'reading', pid: pids[i]!, timeMs, rssBytes: rssBytes[i]! }
}

function sumOf({ readings, rssBytes }: SampleRow): number {
  let sumBytes = 0
  for (let i = 0; i < readings; i++) sumBytes += rssBytes[i]!
  return sumBytes
}

function rssIn({ readings, pids, rssBytes }: SampleRow, pid: number): number | undefined {
  for (let i = 0; i < readings; i++) if (pids[i] === pid) return rssBytes[i]
  return undefined
}

function* readRows(folder: string): Generator<RecordingEvent | TreeRow, undefined> {
  const head = readMetadata(folder)
  const warnings: string[] = []
  yield { kind: 'command', command: commandLine(head.command) }
  yield { kind: 'origin', facts: factsOf(head) }
  const peaks = sampledPeaks(
    roundRecords(withOuterPids(readMarks(folder, warnings), head.processes), [], head.processes),
    head,
  )
  const isTree = head.processes.length > 1
  const overlap = overlapOf(head.processes)
  const broken: number[] = []
  for (const row of readSamples(folder, warnings, broken)) {
    const sumBytes = sumOf(row) - overlap(row.timeMs, (pid) => rssIn(row, pid))
    yield Object.assign(row, { isTree, sumBytes })
    peaks.see(row)
  }
  if (broken.length > 0) warnings.push(`${SAMPLES_FILE}: ${brokenSamples(broken)}`)
  yield* peaks.processes()
  const heldBy = heldByPid(peaks.rounds(), warnings)
  for (const round of peaks.rounds()) yield { ...roundEvent(round, heldBy(round)), ...overlapIn(round, head) }
  if (head.state === 'running') warnings.push('the recording has no end: it still runs, or its recorder was killed')
  for (const message of warnings) yield { kind: 'note', message: `${folder}: ${message}` }
}

/**
 * Returns the provenance of the whole recording; machine and processes have events of their own.
 */
function factsOf(head: RecordingMetadata): Record<string, unknown> {
  const { format, state, reason, startedMs, endedMs, setting, sampling, machine, cgroup } = head
  const { hostname, kernel, cpuModel, cores, memoryBytes, cgroupLimitBytes } = machine
  return {
    format,
    state,
    ...(reason === null ? {} : { reason }),
    startedMs,
    endedMs,
    setting,
    askedIntervalMs: sampling.askedIntervalMs,
    achievedIntervalMs: sampling.achievedIntervalMs,
    machine: { hostname, kernel, cpuModel, cores, memoryBytes, cgroupLimitBytes },
    ...(cgroup && { cgroup: { limitBytes: cgroup.limitBytes, usedBytes: cgroup.usedBytes ?? null } }),
  }
}

function readSamples(folder: string, warnings: string[], broken: number[]): Iterable<SampleRow> {
  const file = join(folder, SAMPLES_FILE)
  if (existsSync(file)) return sampleRows(file, (line) => broken.push(line))
  warnings.push(`${SAMPLES_FILE} is missing`)
  return []
}

/** Fills in peaks that the kernel did not report, from the samples as they pass. */
function sampledPeaks(rounds: readonly RoundRecord[], head: RecordingMetadata) {
  const openRounds = rounds.filter(({ peakKind }) => peakKind === 'sampled').sort((a, b) => a.startedMs - b.startedMs)
  const isOpen = head.state === 'running'
  const highest = new Map<number, number>(
    // If the recorder was killed, samples may have come after the last peak that it wrote.
    head.processes.flatMap(({ pid, peakBytes }) => (peakBytes === null || isOpen ? [[pid, peakBytes ?? 0]] : [])),
  )
  let first = 0
  return {
    see({ timeMs, readings, pids, rssBytes: column }: SampleRow): void {
      if (highest.size === 0 && first === openRounds.length) return
      while (first < openRounds.length && openRounds[first]!.endedMs < timeMs) first++
      for (let at = 0; at < readings; at++) {
        const [pid, rssBytes] = [pids[at]!, column[at]!]
        if (rssBytes > (highest.get(pid) ?? Number.POSITIVE_INFINITY)) highest.set(pid, rssBytes)
        for (let i = first; i < openRounds.length && openRounds[i]!.startedMs <= timeMs; i++) {
          const round = openRounds[i]!
          if (round.pid === pid && timeMs <= round.endedMs && rssBytes > (round.peakBytes ?? 0))
            round.peakBytes = rssBytes
        }
      }
    },
    *processes(): Generator<ProcessEvent, undefined> {
      for (const { pid, role, name, peakBytes, peakKind } of head.processes) {
        const sampled = highest.get(pid)
        if (sampled === undefined || sampled === peakBytes)
          yield { kind: 'process', pid, role, name, peakBytes, peakKind }
        else yield { kind: 'process', pid, role, name, peakBytes: sampled || null, peakKind: 'sampled' }
      }
    },
    rounds: () => rounds,
  }
}

/** Returns the overlap of forked processes, which sums must subtract. */
function overlapIn({ pid, endedMs, end }: RoundRecord, { processes }: RecordingMetadata): { overlapBytes?: number } {
  const overlap = overlapOf(processes.filter((process) => process.pid === pid))
  const overlapBytes = overlap(endedMs, () => end.rssBytes)
  return overlapBytes > 0 ? { overlapBytes } : {}
}

/**
 * Returns the memory that each round held at its end: RSS, plus swapped memory of a process for
 * which that changes.
 */
function heldByPid(rounds: readonly RoundRecord[], warnings: string[]): (round: RoundRecord) => number {
  const swapping = new Map<number, boolean>()
  for (const pid of new Set(rounds.map((round) => round.pid))) {
    const own = rounds.filter((round) => round.pid === pid)
    const swap = movingSwap(own.map(({ end }) => end))
    swapping.set(pid, swap !== undefined)
    if (swap !== undefined) warnings.push(swapNote(`the ${own[0]!.role} (pid ${pid})`, swap))
  }
  return ({ pid, end }) => heldBytes(end, swapping.get(pid) === true)
}

function roundEvent(record: RoundRecord, endBytes: number): RecordingEvent {
  const { round, startedMs, endedMs, pid, role, name, peakBytes, peakKind, cleanupMs } = record
  return {
    kind: 'round',
    round,
    startMs: startedMs,
    endMs: endedMs,
    process: { pid, role, name },
    peakBytes,
    peakKind,
    endRssBytes: endBytes,
    ...(cleanupMs !== undefined && { cleanupMs }),
  }
}
