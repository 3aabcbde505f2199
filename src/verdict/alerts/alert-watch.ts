import type { LiveState } from '../live/live-state.js'
import type { LiveStatus } from '../live/live-status.js'
import type { Condition } from './condition.js'
import { evaluate } from './evaluate.js'

/** A condition that has just become true. */
export interface Fired {
  condition: Condition
  status: LiveStatus
  /** The role that made the condition true; null: the whole tree. */
  role: string | null
  round: number | null
}

/**
 * Evaluates a condition on every event of the live state, and calls `onFired` once an episode, when
 * it becomes true. Records the start and the end of each episode as alerts of the state.
 *
 * @returns a function that ends the watch
 */
export function watchCondition(state: LiveState, condition: Condition, onFired: (fired: Fired) => void): () => void {
  let isOn = false
  return state.subscribe((event) => {
    if (event.kind === 'alert' || event.kind === 'ended') return
    const status = state.status()
    const { holds, role } = evaluate(condition, status, isOn)
    if (holds === isOn) return
    isOn = holds
    const round = roundOf(status, role)
    const sentence = holds ? sentenceOf(condition, status, role) : 'it no longer holds'
    const kind = holds ? 'fired' : 'cleared'
    state.addAlert({ timeMs: status.timeMs, condition: condition.text, role, round, kind, sentence })
    if (holds) onFired({ condition, status, role, round })
  })
}

function roundOf({ roles }: LiveStatus, role: string | null): number | null {
  const rounds = roles.filter((one) => role === null || one.role === role).map((one) => one.recentRounds.at(-1)?.round)
  return rounds.length === 0 ? null : (rounds[0] ?? null)
}

function sentenceOf({ text }: Condition, { roles }: LiveStatus, role: string | null): string {
  const verdict = roles.find((one) => one.role === role)?.verdict
  return verdict === undefined ? `${text} holds` : `${text} holds; ${verdict.sentence}`
}
