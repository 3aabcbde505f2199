import type { RecordedProcess, Recording, RoundRecord } from '../../recording/recording.js'

/**
 * Returns the whole run of a program that reports no rounds as one round: its exact peak, and its
 * last reading.
 */
export function singleRound({ head }: Pick<Recording, 'head'>, roles: readonly string[]): RoundRecord[] {
  return head.processes.filter(({ role }) => roles.includes(role)).flatMap(roundOf)
}

function roundOf(process: RecordedProcess): RoundRecord[] {
  const { role, name, pid, firstSeenMs, lastSeenMs, peakBytes, peakKind, last } = process
  if (last === undefined || peakBytes === null) return [] // it ended before it was read
  const { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes } = last
  return [
    {
      role,
      name,
      pid,
      round: 1,
      startedMs: firstSeenMs,
      endedMs: lastSeenMs,
      peakBytes,
      peakKind,
      work: null,
      end: { rssBytes, rssAnonBytes, rssFileBytes, rssShmemBytes },
      cleanup: null,
      accuracy: null,
    },
  ]
}
