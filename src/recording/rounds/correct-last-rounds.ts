import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { MemoryReading } from '../../shared/marks.js'
import type { ObservedMark, ObservedProcess } from '../marks/observed-mark.js'
import type { RecordedProcess } from '../recording.js'
import { lastLivingRss, type RssAt } from './last-living-rss.js'

/** The last round of one process, as it was read when its end was told. */
export interface LastRound {
  round: number
  /** When the end was told. */
  timeMs: number
  /** The log told of a cleanup in it: RSS fell while the program lived. */
  cleanupMs?: number
  approximate?: boolean
  /** Read a moment after the program told of it: whatever it had freed by then is its own doing. */
  isFresh?: boolean
  startTicks: number
  /** As it was written, `memory` perhaps the lowest of some moments later; null where the process had ended by then. */
  process: Omit<ObservedProcess, 'memory'> & { memory: MemoryReading | null }
  /** What was read first, the moment the end was told. */
  told: MemoryReading | null
  /** End RSS of the round before; undefined where there is none. */
  beforeBytes: number | undefined
}

/** A process that goes on for longer than this after its last round was not torn down when that was read. */
const TEARDOWN_MS = 2000
/** Of the samples, from the end: many seconds of hundreds of processes. */
const TAIL_BYTES = 2 ** 22

/**
 * Rounds that were read while their process was torn down, or when it was gone, once more: what it held when it still lived.
 * The samples tell, since the sampling thread waits for no line of a log.
 */
export function correctLastRounds(
  rounds: readonly LastRound[],
  { processes, samplesFile }: { processes: readonly RecordedProcess[]; samplesFile: string },
): ObservedMark[] {
  const ended = rounds.flatMap((round) => {
    const recorded = processes.find(
      ({ pid, startTicks }) => pid === round.process.pid && startTicks === round.startTicks,
    )
    if (recorded === undefined || !hasEnded(recorded) || recorded.lastSeenMs > round.timeMs + TEARDOWN_MS) return []
    const isKnown = round.isFresh || round.cleanupMs !== undefined
    return isKnown && round.process.memory !== null ? [] : [{ round, recorded }]
  })
  if (ended.length === 0) return []
  const samples = tailOf(samplesFile, new Set(ended.map(({ round }) => round.process.pid)))
  return ended.flatMap(({ round, recorded }) => {
    const { process, told, cleanupMs, timeMs } = round
    const lived = samples.get(process.pid)!.filter((one) => one.timeMs <= Math.min(timeMs, recorded.lastSeenMs))
    const inRound = lived.filter((one) => one.timeMs >= process.startedMs)
    // A round that is shorter than the sampling interval has none of its own.
    const own = inRound.length > 0 ? inRound : lived.slice(-1)
    const last = (cleanupMs === undefined ? lastLivingRss(own) : own.at(-1)?.rssBytes) ?? 0
    const sampledBytes = isTornDown(round) ? last : 0
    const parts = told ?? recorded.last
    const rssBytes = Math.max(sampledBytes, told?.rssBytes ?? 0)
    if (parts === undefined || rssBytes <= (process.memory?.rssBytes ?? 0)) return []
    const peakBytes = process.peakBytes === null ? null : Math.max(process.peakBytes, rssBytes)
    return {
      mark: 'observed' as const,
      of: 'round' as const,
      // Gone when that was told: its round ended with it.
      timeMs: told === null ? Math.max(process.startedMs, Math.min(timeMs, recorded.lastSeenMs)) : timeMs,
      round: round.round,
      ...(round.approximate && { approximate: true }),
      ...(cleanupMs !== undefined && { cleanupMs }),
      corrects: true,
      processes: [{ ...process, peakBytes, memory: withRss(parts, rssBytes) }],
    }
  })
}

/** Less than this from one round to the next is no teardown. */
const SMALL_FALL_BYTES = 2 ** 18
const SMALL_FALL_SHARE = 0.01

/** What is freed before a program tells of its round's end belongs to the round: told far below the round before, it was freed after. */
function isTornDown({ told, beforeBytes }: LastRound): boolean {
  if (told === null) return true
  if (beforeBytes === undefined) return false
  return told.rssBytes < beforeBytes - Math.max(SMALL_FALL_BYTES, SMALL_FALL_SHARE * beforeBytes)
}

function hasEnded({ isGone = false, exit }: RecordedProcess): boolean {
  return isGone || exit !== null
}

/** Samples tell RSS alone. Mapped files and shared memory hardly change at a program's end; what it frees is anonymous. */
function withRss({ rssFileBytes, rssShmemBytes }: MemoryReading, rssBytes: number): MemoryReading {
  const file = Math.min(rssFileBytes, rssBytes)
  const shmem = Math.min(rssShmemBytes, rssBytes - file)
  return { rssBytes, rssAnonBytes: rssBytes - file - shmem, rssFileBytes: file, rssShmemBytes: shmem }
}

/** The newest samples of some processes, in the order of time. */
function tailOf(samplesFile: string, pids: ReadonlySet<number>): Map<number, RssAt[]> {
  const byPid = new Map<number, RssAt[]>([...pids].map((pid) => [pid, []]))
  for (const line of lastLines(samplesFile)) {
    const [timeMs, ...readings] = JSON.parse(line) as number[]
    for (let i = 0; i < readings.length; i += 2)
      byPid.get(readings[i]!)?.push({ timeMs: timeMs!, rssBytes: readings[i + 1]! })
  }
  return byPid
}

/** Whole lines alone. */
function lastLines(file: string): string[] {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const from = Math.max(0, size - TAIL_BYTES)
    const bytes = Buffer.alloc(size - from)
    const length = readSync(descriptor, bytes, 0, bytes.length, from)
    const lines = bytes.toString('latin1', 0, length).split('\n').slice(0, -1)
    return from === 0 ? lines : lines.slice(1)
  } finally {
    closeSync(descriptor)
  }
}
