import type { AttributionMark } from '../marks.js'
import { judgedRoles } from './judged-roles.js'

/**
 * The probes of what is judged. Of a role with several processes it is the largest one's; of a sum of roles it is the sum, where
 * every one of them was probed.
 */
export function judgedAttribution(probes: readonly AttributionMark[], judge: string): AttributionMark[] {
  const roles = judgedRoles(judge)
  if (roles.length === 1) return largestFirst(probes.filter(({ role }) => role === judge))
  const largest = roles.flatMap((role) => largestFirst(probes.filter((probe) => probe.role === role)).slice(0, 1))
  return largest.length < roles.length ? [] : [largest.reduce((sum, probe) => added(sum, probe, judge))]
}

/** Those of the same moment by size; our own server has one process, and its probes stay in their order. */
function largestFirst(probes: readonly AttributionMark[]): AttributionMark[] {
  return [...probes].sort((a, b) => (a.round ?? 0) - (b.round ?? 0) || b.rssBytes - a.rssBytes)
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
