import type { AttributionMark } from '../marks.js'
import { judgedRoles } from './judged-roles.js'

/**
 * The probes of what is judged, one of each moment: the end, and the rounds that were probed on the way, in their order. Of a role with
 * several processes it is the largest one's; of a sum of roles it is the sum, where every one of them was probed.
 */
export function judgedAttribution(probes: readonly AttributionMark[], judge: string): AttributionMark[] {
  const roles = judgedRoles(judge)
  const moments = [...new Set(probes.map(({ round }) => round))]
  return moments.flatMap((moment) => {
    const largest = roles.flatMap(
      (role) => largestOf(probes.filter((one) => one.round === moment && one.role === role)) ?? [],
    )
    if (largest.length < roles.length) return []
    return roles.length === 1 ? largest : [largest.reduce((sum, probe) => added(sum, probe, judge))]
  })
}

function largestOf(probes: readonly AttributionMark[]): AttributionMark | undefined {
  return [...probes].sort((a, b) => b.rssBytes - a.rssBytes)[0]
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
