import type { LiveRole, LiveStatus } from '../live/live-status.js'
import { isGrowing } from '../live/verdict-so-far.js'
import type { Bound, Condition, Span, Term } from './condition.js'

/**
 * How far memory has to move back past the bound before an episode ends, as a share of the bound.
 */
const BACK = 0.05
/**
 * How much farther away the limit has to be before an episode ends, as a share of the time asked
 * for.
 */
const AWAY = 0.2
/** Maximum movement of flat memory, as a share of its level. An episode ends at twice as much. */
const FLAT = 0.01

/** The outcome of a condition, with the role that made it true; null: the whole tree. */
export interface Outcome {
  holds: boolean
  role: string | null
}

/**
 * Tells whether a condition holds now. In an episode the bounds are wider (hysteresis), so that
 * memory that moves about a bound is one episode.
 *
 * @param isOn the condition held at the last look
 */
export function evaluate({ terms }: Condition, status: LiveStatus, isOn: boolean): Outcome {
  let role: string | null = null
  for (const term of terms) {
    const found = rolesOf(term, status).find((candidate) => termHolds(term, status, candidate, isOn))
    if (found === undefined) return { holds: false, role: null }
    role ??= found.role
  }
  return { holds: true, role }
}

/** A role, or the tree as a whole. */
type Candidate = { role: string; state: LiveRole } | { role: null; state: null }
const TREE: Candidate = { role: null, state: null }

function rolesOf(term: Term, { roles }: LiveStatus): Candidate[] {
  if (term.kind === 'memory' && term.of === 'rss' && term.role === null) return [TREE]
  return roles
    .filter(({ role }) => term.role === null || role === term.role)
    .map((state) => ({ role: state.role, state }))
}

function termHolds(term: Term, status: LiveStatus, { state }: Candidate, isOn: boolean): boolean {
  switch (term.kind) {
    case 'verdict':
      return verdictHolds(term.is, state!, isOn)
    case 'memory': {
      const bytes = term.of === 'peak' ? peakOf(state!) : state === null ? status.tree.rssBytes : state.rssBytes
      const bound = boundOf(term.bound, status)
      if (bytes === null || bound === null) return false
      if (term.isAbove) return bytes > bound * (isOn ? 1 - BACK : 1)
      return bytes < bound * (isOn ? 1 + BACK : 1)
    }
    case 'limit within':
      return limitHolds(term.span, state!, isOn)
    case 'flat':
      return isFlat(term.span, state!, isOn)
  }
}

function verdictHolds(is: 'grows' | 'rises' | 'level', { verdict, rate }: LiveRole, isOn: boolean): boolean {
  if (is === 'grows') return isGrowing(verdict.state)
  if (is === 'level') return verdict.state === 'level' || verdict.state === 'no longer grows'
  if (verdict.state === 'too few rounds' || rate === null) return false
  return isOn ? rate.bytesPerRound > 0 : rate.low > 0
}

/**
 * Returns the peak of the newest round, or the current RSS of the role's processes where that is
 * higher.
 */
function peakOf({ recentRounds, rssBytes }: LiveRole): number | null {
  const last = recentRounds.at(-1)?.peakBytes ?? null
  return last === null && rssBytes === null ? null : Math.max(last ?? 0, rssBytes ?? 0)
}

function boundOf(bound: Bound, { limit }: LiveStatus): number | null {
  if ('bytes' in bound) return bound.bytes
  return limit === null ? null : bound.shareOfLimit * limit.bytes
}

/** Uses the early end of the forecast's interval, because an alarm after the limit is useless. */
function limitHolds(span: Span, { forecast }: LiveRole, isOn: boolean): boolean {
  if (forecast === null) return false
  const farther = isOn ? 1 + AWAY : 1
  if ('rounds' in span) return forecast.rounds.low <= span.rounds * farther
  return forecast.ms !== null && forecast.ms.low <= span.ms * farther
}

function isFlat(span: Span, { recentRounds }: LiveRole, isOn: boolean): boolean {
  const newestMs = recentRounds.at(-1)?.endedMs ?? 0
  const isRecent =
    'rounds' in span
      ? (_: number, fromEnd: number) => fromEnd <= span.rounds
      : (endedMs: number) => newestMs - endedMs <= span.ms
  const part = recentRounds.filter(({ endedMs }, i) => isRecent(endedMs, recentRounds.length - i))
  const isLong =
    'rounds' in span ? part.length >= span.rounds : newestMs - (recentRounds[0]?.endedMs ?? newestMs) >= span.ms
  const ends = part.flatMap(({ endBytes }) => (endBytes === null ? [] : [endBytes]))
  if (!isLong || ends.length < 2) return false
  return Math.max(...ends) - Math.min(...ends) <= Math.max(...ends) * FLAT * (isOn ? 2 : 1)
}
