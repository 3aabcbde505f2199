import type { Mark, RoundMark } from '../../shared/marks.js'
import type { ObservedMark, ObservedProcess } from '../marks/observed-mark.js'
import { UNNAMED_ROLE } from '../processes/process-name.js'
import type { RecordedProcess, RoundRecord, Sample } from '../recording.js'

/**
 * Converts marks and samples to round records, in the order in which the rounds ended. A role's own
 * marks are used unchanged; the recorder's observations stand in for the marks that a foreign
 * program could not write. If the kernel's peak is missing, because it cannot be reset, the highest
 * sample of the round takes its place: a lower bound, marked as such.
 */
export function roundRecords(
  marks: readonly (Mark | ObservedMark)[],
  samples: Iterable<Sample>,
  processes: readonly RecordedProcess[] = [],
): RoundRecord[] {
  const cannotReset = new Set(marks.flatMap((mark) => (mark.mark === 'start' && !mark.exactPeaks ? [mark.pid] : [])))
  const records: RoundRecord[] = []
  for (const mark of marks) {
    if (mark.mark === 'round') records.push(ofOwnMark(mark, cannotReset.has(mark.pid)))
    if (mark.mark !== 'observed' || mark.of !== 'round') continue
    const observed = mark.processes.map((process) => ofObservation(mark, process))
    if (mark.corrects) for (const record of observed) removeLast(records, record)
    records.push(...observed)
  }
  const sampled = records.filter(({ peakKind }) => peakKind === 'sampled')
  if (sampled.length > 0) fillSampledPeaks(sampled, samples)
  nameUnnamed(records, processes)
  return records.sort((a, b) => a.endedMs - b.endedMs)
}

/**
 * Names records of processes that got their role from a later title, or their name from the program
 * that they became; the earlier rounds are theirs too.
 */
function nameUnnamed(records: readonly RoundRecord[], processes: readonly RecordedProcess[]): void {
  const reused = repeated(processes.map(({ pid }) => pid))
  const lastName = new Map(records.map(({ pid, name }) => [pid, name]))
  for (const record of records)
    if (record.role === UNNAMED_ROLE && !reused.has(record.pid)) record.name = lastName.get(record.pid)!
  const named = new Map(processes.filter(({ role }) => role !== UNNAMED_ROLE).map((process) => [process.pid, process]))
  for (const record of records) {
    const process = record.role === UNNAMED_ROLE ? named.get(record.pid) : undefined
    // A quick program may end its rounds before it is seen. Where its pid was given twice, they are
    // those of the process before it.
    if (process === undefined || (process.firstSeenMs > record.endedMs && reused.has(record.pid))) continue
    record.role = process.role
    record.name = process.name
  }
}

function repeated(pids: readonly number[]): ReadonlySet<number> {
  const once = new Set<number>()
  const again = new Set<number>()
  for (const pid of pids) (once.has(pid) ? again : once).add(pid)
  return again
}

/**
 * Removes the record that a later mark corrects. It takes the last one, since a process that
 * repeats its job has earlier rounds of the same number.
 */
function removeLast(records: RoundRecord[], { pid, round }: RoundRecord): void {
  const at = records.findLastIndex((record) => record.pid === pid && record.round === round)
  if (at >= 0) records.splice(at, 1)
}

function ofOwnMark(mark: RoundMark, cannotReset: boolean): RoundRecord {
  const isExact = mark.peakBytes !== null && !cannotReset
  return {
    role: mark.role,
    name: mark.name ?? mark.role,
    pid: mark.pid,
    round: mark.round,
    startedMs: mark.startedMs,
    endedMs: mark.timeMs,
    peakBytes: isExact ? mark.peakBytes : null,
    peakKind: isExact ? 'exact' : 'sampled',
    work: mark.work,
    end: mark.end,
    cleanup: mark.cleanup,
    accuracy: mark.accuracy ?? null,
    ...(mark.aggregator === undefined ? {} : { aggregator: mark.aggregator }),
  }
}

function ofObservation({ round, timeMs, cleanupMs, approximate }: ObservedMark, process: ObservedProcess): RoundRecord {
  return {
    role: process.role,
    name: process.name,
    pid: process.pid,
    round,
    startedMs: process.startedMs,
    endedMs: timeMs,
    peakBytes: process.exact ? process.peakBytes : null,
    peakKind: process.exact ? 'exact' : 'sampled',
    work: null,
    end: process.memory,
    cleanup: null,
    accuracy: null,
    ...(approximate && { approximate }),
    ...(cleanupMs === undefined ? {} : { cleanupMs }),
  }
}

/**
 * Fills in missing peaks. Readings at the boundary itself count as samples, since a round may be
 * shorter than the sampling interval.
 */
function fillSampledPeaks(records: readonly RoundRecord[], samples: Iterable<Sample>): void {
  for (const record of records) record.peakBytes = Math.max(record.work?.rssBytes ?? 0, record.end.rssBytes)
  const byStart = [...records].sort((a, b) => a.startedMs - b.startedMs)
  let first = 0
  for (const { timeMs, rss } of samples) {
    // Both are in order of time: skip rounds that are over, and do not look at later ones yet.
    while (first < byStart.length && byStart[first]!.endedMs < timeMs) first++
    if (first === byStart.length) return
    for (let i = first; i < byStart.length && byStart[i]!.startedMs <= timeMs; i++) {
      const record = byStart[i]!
      if (timeMs > record.endedMs) continue
      for (const [pid, rssBytes] of rss)
        if (pid === record.pid && rssBytes > record.peakBytes!) record.peakBytes = rssBytes
    }
  }
}
