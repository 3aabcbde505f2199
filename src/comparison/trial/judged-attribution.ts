import type { RoundRecord } from '../../recording/recording.js'
import type { AttributionMark } from '../../shared/marks.js'
import { parseJudge } from './judged-roles.js'

/**
 * Returns the probes of what is judged, one for each moment: the end, and the rounds probed before
 * it, in order. Returns none if a judged process was not probed, such as a fork of a probed one:
 * the split of another process would be taken for its own.
 *
 * @param rounds the records of all processes, which show the processes alive at a moment
 * @param areSummed whether several processes of a role are judged by their sum, as those of a
 *   foreign program are; otherwise the largest stands for the role. A sum of roles has a split only
 *   if every one of them was probed
 */
export function judgedAttribution(
  probes: readonly AttributionMark[],
  judge: string,
  { areSummed, rounds }: { areSummed: boolean; rounds: readonly RoundRecord[] },
): AttributionMark[] {
  const roles = parseJudge(judge)
  const lastRound = Math.max(...rounds.map(({ round }) => round))
  const moments = [...new Set(probes.map(({ round }) => round))]
  return moments.flatMap((moment) => {
    const parts = roles.map(({ role, which }) => {
      const ofRole = probes.filter((one) => one.round === moment && one.role === role)
      if (typeof which === 'number') return ofRole.filter(({ pid }) => pid === which)
      const living = rounds.filter((one) => one.role === role && one.round === (moment ?? lastRound))
      if (which === 'sum' && areSummed) return living.every(isAmong(ofRole)) ? ofRole : []
      return highestOf(living).every(isAmong(ofRole)) ? largestOf(ofRole) : []
    })
    if (parts.some((part) => part.length === 0)) return []
    const [first, ...others] = parts.flat()
    return [others.length === 0 ? first! : parts.flat().reduce((sum, probe) => added(sum, probe, judge))]
  })
}

function isAmong(probes: readonly AttributionMark[]): (record: RoundRecord) => boolean {
  return ({ pid }) => probes.some((probe) => probe.pid === pid)
}

function highestOf(rounds: readonly RoundRecord[]): RoundRecord[] {
  return [...rounds].sort((a, b) => b.end.rssBytes - a.end.rssBytes).slice(0, 1)
}

function largestOf(probes: readonly AttributionMark[]): AttributionMark[] {
  return [...probes].sort((a, b) => b.rssBytes - a.rssBytes).slice(0, 1)
}

function added(a: AttributionMark, b: AttributionMark, judge: string): AttributionMark {
  const { allocator: _, ...sum } = a
  return {
    ...sum,
    role: judge,
    rssBytes: a.rssBytes + b.rssBytes,
    retainedBytes: a.retainedBytes + b.retainedBytes,
    garbageBytes: a.garbageBytes === null || b.garbageBytes === null ? null : a.garbageBytes + b.garbageBytes,
    liveBytes: a.liveBytes + b.liveBytes,
  }
}
