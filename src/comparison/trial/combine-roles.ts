import { overlapOf } from '../../recording/processes/overlap.js'
import { COMBINED_PID, type Recording, type RoundRecord, type Sample } from '../../recording/recording.js'
import type { MemoryReading } from '../../shared/marks.js'
import { type JudgedRole, parseJudge } from './judged-roles.js'

/**
 * Makes round records of what is judged if that is not the only process of a role: the sum of
 * several roles, or of several processes of one role that live together (workers of a server), or
 * one process picked among them.
 *
 * End RSS is the sum of the readings at the same boundary, with shared pages counted once. The
 * peaks of the processes may fall at different times, so the peak of a sum is the highest sum of
 * one sample: a lower bound, and marked as such. A round without one of the roles has no sum.
 *
 * @param judge as `--judge` takes it; becomes the role of the records
 * @returns none if a single process of a single role is judged, whose own records suffice
 */
export function combineRoles(
  rounds: readonly RoundRecord[],
  recording: Pick<Recording, 'samples' | 'head'>,
  judge: string,
): RoundRecord[] {
  const roles = parseJudge(judge)
  const byRound = new Map<number, RoundRecord[]>()
  for (const record of rounds) byRound.set(record.round, [...(byRound.get(record.round) ?? []), record])
  if (roles.every(({ isAsked }) => !isAsked) && roles.length === 1 && !isShared([...byRound.values()], roles[0]!))
    return []
  const picks = roles.map((role) => pick(rounds, role))
  const numbers = [...byRound.keys()].sort((a, b) => a - b)
  return numbers.flatMap((number) => {
    const parts = picks.map((isPicked) => byRound.get(number)!.filter(isPicked))
    return parts.every((part) => part.length > 0) ? [sumOf(parts.flat(), recording, judge)] : []
  })
}

/** Returns whether a round has several processes of a role. */
function isShared(byRound: readonly RoundRecord[][], { role }: JudgedRole): boolean {
  return byRound.some((records) => records.filter((record) => record.role === role).length > 1)
}

function pick(rounds: readonly RoundRecord[], { role, which }: JudgedRole): (record: RoundRecord) => boolean {
  const pid = which === 'largest' ? largestOf(rounds.filter((record) => record.role === role)) : which
  return (record) => record.role === role && (pid === 'sum' || record.pid === pid)
}

function largestOf(rounds: readonly RoundRecord[]): number | undefined {
  return [...rounds].sort((a, b) => b.end.rssBytes - a.end.rssBytes)[0]?.pid
}

function sumOf(
  parts: readonly RoundRecord[],
  { samples, head }: Pick<Recording, 'samples' | 'head'>,
  judge: string,
): RoundRecord {
  const [first] = parts
  const combined = { role: judge, name: judge, pid: COMBINED_PID }
  if (parts.length === 1) return { ...first!, ...combined }
  const pids = new Set(parts.map(({ pid }) => pid))
  const overlap = overlapOf(head.processes.filter(({ pid }) => pids.has(pid)))
  const startedMs = Math.min(...parts.map((part) => part.startedMs))
  const endedMs = Math.max(...parts.map((part) => part.endedMs))
  const cleanupMs = parts.find((part) => part.cleanupMs !== undefined)?.cleanupMs
  const sum = parts.map((part) => part.end).reduce(add)
  const sharedBytes = overlap(endedMs, (pid) => parts.find((part) => part.pid === pid)?.end.rssBytes)
  const end = {
    ...sum,
    rssBytes: sum.rssBytes - sharedBytes,
    rssAnonBytes: Math.max(0, sum.rssAnonBytes - sharedBytes),
  }
  return {
    ...combined,
    round: first!.round,
    startedMs,
    endedMs,
    peakBytes: Math.max(
      end.rssBytes,
      highestSum(samples, { startedMs, endedMs, pids, overlap }),
      ...parts.map(({ peakBytes }) => peakBytes ?? 0), // all together were at least as large as the largest alone
    ),
    peakKind: 'sampled',
    work: null,
    end,
    cleanup: null,
    accuracy: null,
    ...(parts.some(({ approximate }) => approximate) && { approximate: true }),
    ...(cleanupMs !== undefined && { cleanupMs }),
  }
}

interface Span {
  startedMs: number
  endedMs: number
  pids: ReadonlySet<number>
  overlap: ReturnType<typeof overlapOf>
}

function highestSum(samples: readonly Sample[], { startedMs, endedMs, pids, overlap }: Span): number {
  let highestBytes = 0
  for (const { timeMs, rss } of samples) {
    if (timeMs < startedMs || timeMs > endedMs) continue
    let sumBytes = 0
    for (const [pid, rssBytes] of rss) if (pids.has(pid)) sumBytes += rssBytes
    sumBytes -= overlap(timeMs, (pid) => rss.find(([one]) => one === pid)?.[1])
    highestBytes = Math.max(highestBytes, sumBytes)
  }
  return highestBytes
}

function add(a: MemoryReading, b: MemoryReading): MemoryReading {
  return {
    rssBytes: a.rssBytes + b.rssBytes,
    rssAnonBytes: a.rssAnonBytes + b.rssAnonBytes,
    rssFileBytes: a.rssFileBytes + b.rssFileBytes,
    rssShmemBytes: a.rssShmemBytes + b.rssShmemBytes,
    ...((a.swapBytes ?? b.swapBytes) !== undefined && { swapBytes: (a.swapBytes ?? 0) + (b.swapBytes ?? 0) }),
  }
}
