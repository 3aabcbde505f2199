import type { MemoryReading } from '../marks.js'
import type { RoundRecord, Sample } from '../recording/recording.js'

/**
 * Rounds of several roles added up, for a program whose memory lives in several processes. End RSS is the sum of what was
 * read at the same boundary. The peaks of the processes need not fall together, so the peak of the sum is the highest sum
 * of one sample: a lower bound, and marked as such. A round that one of the roles lacks has no sum.
 *
 * @param judge the roles with plus signs between, which becomes the role of the sum
 */
export function sumOfRoles(
  rounds: readonly RoundRecord[],
  samples: readonly Sample[],
  { judge, roles }: { judge: string; roles: readonly string[] },
): RoundRecord[] {
  const numbers = [...new Set(rounds.map(({ round }) => round))].sort((a, b) => a - b)
  return numbers.flatMap((round) => {
    const parts = roles.map((role) => highestOf(rounds.filter((one) => one.round === round && one.role === role)))
    return parts.every((part) => part !== undefined) ? [sumOf(parts, samples, judge)] : []
  })
}

/** Several processes may have one role; the one that is larger stands for it. */
function highestOf(rounds: readonly RoundRecord[]): RoundRecord | undefined {
  return [...rounds].sort((a, b) => b.end.rssBytes - a.end.rssBytes)[0]
}

/** No process has the sum; readers tell processes apart by pid. */
const NO_PID = 0

function sumOf(parts: readonly RoundRecord[], samples: readonly Sample[], judge: string): RoundRecord {
  const startedMs = Math.min(...parts.map((part) => part.startedMs))
  const endedMs = Math.max(...parts.map((part) => part.endedMs))
  const end = parts.map((part) => part.end).reduce(add)
  const pids = new Set(parts.map(({ pid }) => pid))
  let peakBytes = end.rssBytes
  for (const { timeMs, rss } of samples) {
    if (timeMs < startedMs || timeMs > endedMs) continue
    let sumBytes = 0
    for (const [pid, rssBytes] of rss) if (pids.has(pid)) sumBytes += rssBytes
    peakBytes = Math.max(peakBytes, sumBytes)
  }
  return {
    role: judge,
    name: judge,
    pid: NO_PID,
    round: parts[0]!.round,
    startedMs,
    endedMs,
    peakBytes,
    peakKind: 'sampled',
    work: null,
    end,
    cleanup: null,
    accuracy: null,
  }
}

function add(a: MemoryReading, b: MemoryReading): MemoryReading {
  return {
    rssBytes: a.rssBytes + b.rssBytes,
    rssAnonBytes: a.rssAnonBytes + b.rssAnonBytes,
    rssFileBytes: a.rssFileBytes + b.rssFileBytes,
    rssShmemBytes: a.rssShmemBytes + b.rssShmemBytes,
  }
}
