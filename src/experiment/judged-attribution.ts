import type { AttributionMark } from '../marks.js'
import { parseJudge } from './judged-roles.js'

/**
 * The probes of what is judged, one of each moment: the end, and the rounds that were probed on the way, in their order.
 *
 * @param areSummed whether several processes of a role are judged by their sum, as those of a foreign program are; else the
 *   largest stands for the role. A sum of roles has a split only where every one of them was probed
 */
export function judgedAttribution(
  probes: readonly AttributionMark[],
  judge: string,
  { areSummed }: { areSummed: boolean },
): AttributionMark[] {
  const roles = parseJudge(judge)
  const moments = [...new Set(probes.map(({ round }) => round))]
  return moments.flatMap((moment) => {
    const parts = roles.map(({ role, which }) => {
      const ofRole = probes.filter((one) => one.round === moment && one.role === role)
      if (typeof which === 'number') return ofRole.filter(({ pid }) => pid === which)
      return which === 'sum' && areSummed ? ofRole : largestOf(ofRole)
    })
    if (parts.some((part) => part.length === 0)) return []
    const [first, ...others] = parts.flat()
    return [others.length === 0 ? first! : parts.flat().reduce((sum, probe) => added(sum, probe, judge))]
  })
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
