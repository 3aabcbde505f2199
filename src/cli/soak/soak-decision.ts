import { UNNAMED_ROLE } from '../../recording/processes/process-name.js'
import type { LiveState } from '../../verdict/live/live-state.js'
import type { LiveRole, LiveStatus } from '../../verdict/live/live-status.js'
import { isGrowing } from '../../verdict/live/verdict-so-far.js'

export type Decision = { is: 'grows' | 'level' | 'undecided'; why: string }

export interface SoakLimits {
  /** Roles that are judged; null: all. */
  judged: readonly string[] | null
  maxRounds: number | null
}

/**
 * Watches a live state until it is decided: `grows` as soon as one judged role grows, `level` when
 * all of them are.
 *
 * @param onDecided called once
 * @returns a function that ends the watch
 */
export function watchDecision(
  state: LiveState,
  { judged, maxRounds }: SoakLimits,
  onDecided: (decision: Decision) => void,
): () => void {
  const unsubscribe = state.subscribe((event) => {
    if (event.kind !== 'round' && event.kind !== 'verdict') return
    const status = state.status()
    const roles = judgedRoles(status, judged)
    const rounds = Math.max(0, ...roles.map((role) => role.rounds))
    const isOver = maxRounds !== null && rounds >= maxRounds
    const decision =
      decisionOf(roles) ?? (isOver ? undecided(`after ${rounds} ${status.unit}s (--max-rounds)`) : undefined)
    if (decision === undefined) return
    unsubscribe()
    onDecided(decision)
  })
  return unsubscribe
}

/** Returns the decision when time has run out. */
export function undecided(why: string): Decision {
  return { is: 'undecided', why: `undecided ${why}` }
}

function judgedRoles({ roles }: LiveStatus, judged: readonly string[] | null): LiveRole[] {
  return roles.filter(({ role, rounds }) => (judged === null ? rounds > 0 : judged.includes(role)))
}

function decisionOf(roles: readonly LiveRole[]): Decision | undefined {
  const growing = roles.find(({ verdict }) => isGrowing(verdict.state))
  if (growing !== undefined) return { is: 'grows', why: `${nameOf(growing.role)}${growing.verdict.sentence}` }
  const isLevel = ({ verdict }: LiveRole) => verdict.state === 'level' || verdict.state === 'no longer grows'
  if (roles.length === 0 || !roles.every(isLevel)) return undefined
  return { is: 'level', why: roles.map(({ role, verdict }) => `${nameOf(role)}${verdict.sentence}`).join('; ') }
}

function nameOf(role: string): string {
  return role === UNNAMED_ROLE ? '' : `${role}: `
}
