import type { PeakKind } from '../peaks/peak-kind.js'
import type { RecordedProcess, RecordingMetadata, RoundRecord } from '../recording.js'
import { UNNAMED_ROLE } from './process-name.js'

/** The highest peak of a role in a round, over all its processes that were alive in it. */
export interface RolePeak {
  round: number
  role: string
  /** Process that had the peak; `record` is its record if it was alive at the round's end. */
  name: string
  record: RoundRecord | null
  peakBytes: number | null
  peakKind: PeakKind
  /** Number of processes of the role that were alive in the round. */
  processes: number
  startedMs: number
  endedMs: number
}

/**
 * Computes peaks by round and role. A process that was alive when the round ended was read there. A
 * process that was alive at no boundary, such as a client that lives for one message, has the
 * kernel's peak of its whole life. For a process that ended in the round after earlier boundaries,
 * the highest status reading in the round is known, a lower bound.
 */
export function peaksByRole(
  rounds: readonly RoundRecord[],
  { processes }: Pick<RecordingMetadata, 'processes'>,
): RolePeak[] {
  const numbers = [...new Set(rounds.map(({ round }) => round))]
  const atBoundaries = new Set(rounds.map(({ pid }) => pid))
  return numbers.flatMap((number) => {
    const records = rounds.filter(({ round }) => round === number)
    const startedMs = Math.min(...records.map((record) => record.startedMs))
    const endedMs = Math.max(...records.map((record) => record.endedMs))
    const ended = processes.filter(
      (process) =>
        !records.some(({ pid }) => pid === process.pid) &&
        process.lastSeenMs >= startedMs &&
        process.lastSeenMs <= endedMs,
    )
    const peaks = [
      ...records.map((record) => ({ ...record, record })),
      ...ended.map((process) => ({
        ...process,
        ...(atBoundaries.has(process.pid) ? lastPeak(process, startedMs) : {}),
        record: null,
      })),
    ]
    const roles = [...new Set(peaks.map(({ role }) => role))].filter((role) => role !== UNNAMED_ROLE)
    return roles.map((role) => {
      const own = peaks.filter((peak) => peak.role === role)
      const highest = own.reduce((a, b) => ((b.peakBytes ?? -1) > (a.peakBytes ?? -1) ? b : a))
      const { name, record, peakBytes, peakKind } = highest
      return { round: number, role, name, record, peakBytes, peakKind, processes: own.length, startedMs, endedMs }
    })
  })
}

function lastPeak({ highest, last }: RecordedProcess, startedMs: number): Pick<RolePeak, 'peakBytes' | 'peakKind'> {
  const inside = [highest, last].flatMap((reading) =>
    reading !== undefined && reading.timeMs >= startedMs ? [reading.rssBytes] : [],
  )
  return { peakBytes: inside.length === 0 ? null : Math.max(...inside), peakKind: 'sampled' }
}
