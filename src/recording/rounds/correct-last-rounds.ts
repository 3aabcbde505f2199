import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { MemoryReading } from '../../shared/marks.js'
import type { ObservedMark, ObservedProcess } from '../marks/observed-mark.js'
import type { RecordedProcess } from '../recording.js'
import { lastLivingRss, type RssAt } from './last-living-rss.js'

/** The last round of one process, as read when its end was reported. */
export interface LastRound {
  round: number
  /** Time at which the end was reported. */
  timeMs: number
  /** Time of a cleanup that the log reported in it, so that RSS fell while the program lived. */
  cleanupMs?: number
  approximate?: boolean
  /**
   * True if it was read immediately after the program's own report: what was freed by then is the
   * program's own doing.
   */
  isFresh?: boolean
  startTicks: number
  /**
   * Process as it was written. `memory` may be the lowest of several later readings; null if the
   * process had ended by then.
   */
  process: Omit<ObservedProcess, 'memory'> & { memory: MemoryReading | null }
  /** First reading, at the moment the end was reported. */
  reading: MemoryReading | null
  /** End RSS of the previous round; undefined if there is none. */
  beforeBytes: number | undefined
}

/**
 * Maximum time from the last round to the end of a process for a teardown; a longer one means that
 * the reading was not affected.
 */
const TEARDOWN_MS = 2000
/** Bytes that are read from the end of the samples: many seconds of hundreds of processes. */
const TAIL_BYTES = 2 ** 22

/**
 * Corrects rounds that were read during the teardown of their process or after it, to what the
 * process held while it lived. Samples show this, since the sampling thread does not wait for a log
 * line.
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
    const { process, reading, cleanupMs, timeMs } = round
    const lived = samples.get(process.pid)!.filter((one) => one.timeMs <= Math.min(timeMs, recorded.lastSeenMs))
    const inRound = lived.filter((one) => one.timeMs >= process.startedMs)
    // A round shorter than the sampling interval has no sample of its own.
    const own = inRound.length > 0 ? inRound : lived.slice(-1)
    const last = (cleanupMs === undefined ? lastLivingRss(own) : own.at(-1)?.rssBytes) ?? 0
    const sampledBytes = isTornDown(round) ? last : 0
    const parts = reading ?? recorded.last
    const rssBytes = Math.max(sampledBytes, reading?.rssBytes ?? 0)
    if (parts === undefined || rssBytes <= (process.memory?.rssBytes ?? 0)) return []
    const peakBytes = process.peakBytes === null ? null : Math.max(process.peakBytes, rssBytes)
    return {
      mark: 'observed' as const,
      of: 'round' as const,
      // The process was gone when the end was reported, so its round ended with it.
      timeMs: reading === null ? Math.max(process.startedMs, Math.min(timeMs, recorded.lastSeenMs)) : timeMs,
      round: round.round,
      ...(round.approximate && { approximate: true }),
      ...(cleanupMs !== undefined && { cleanupMs }),
      corrects: true,
      processes: [{ ...process, peakBytes, memory: withRss(parts, rssBytes) }],
    }
  })
}

/** Largest fall from one round to the next that does not count as a teardown. */
const SMALL_FALL_BYTES = 2 ** 18
const SMALL_FALL_SHARE = 0.01

/**
 * Returns true if the reading falls far below the previous round. What a program frees before it
 * reports a round's end belongs to the round, so such a fall came after the report.
 */
function isTornDown({ reading, beforeBytes }: LastRound): boolean {
  if (reading === null) return true
  if (beforeBytes === undefined) return false
  return reading.rssBytes < beforeBytes - Math.max(SMALL_FALL_BYTES, SMALL_FALL_SHARE * beforeBytes)
}

function hasEnded({ isGone = false, exit }: RecordedProcess): boolean {
  return isGone || exit !== null
}

/**
 * Replaces RSS, the only value in samples. Mapped files and shared memory hardly change at a
 * program's end; it frees anonymous memory.
 */
function withRss({ rssFileBytes, rssShmemBytes }: MemoryReading, rssBytes: number): MemoryReading {
  const file = Math.min(rssFileBytes, rssBytes)
  const shmem = Math.min(rssShmemBytes, rssBytes - file)
  return { rssBytes, rssAnonBytes: rssBytes - file - shmem, rssFileBytes: file, rssShmemBytes: shmem }
}

/** Returns the newest samples of some processes, in order of time. */
function tailOf(samplesFile: string, pids: ReadonlySet<number>): Map<number, RssAt[]> {
  const byPid = new Map<number, RssAt[]>([...pids].map((pid) => [pid, []]))
  for (const line of lastLines(samplesFile)) {
    const [timeMs, ...readings] = JSON.parse(line) as number[]
    for (let i = 0; i < readings.length; i += 2)
      byPid.get(readings[i]!)?.push({ timeMs: timeMs!, rssBytes: readings[i + 1]! })
  }
  return byPid
}

/** Returns the last lines of a file without an incomplete one. */
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
