import type { SwarmEffect, SwarmReply, Turn } from './events.js'
import type { SwarmState } from './state.js'

/** The outcome of one event: the next state, the effects, and the reply to the sender. */
export interface Step {
  state: SwarmState
  effects: SwarmEffect[]
  reply?: SwarmReply
}

export function stay(state: SwarmState): Step {
  return { state, effects: [] }
}

export function withEffects({ state }: Step, effects: SwarmEffect[]): Step {
  return { state, effects }
}

export function follow(state: SwarmState): Step {
  return { state: { ...state, stage: { name: 'following' } }, effects: [{ do: 'submit' }] }
}

export function nextRound(state: SwarmState, round: number): Step {
  return { state: { ...state, round, attempt: 0, confirmed: null, stage: { name: 'between' } }, effects: [] }
}

/**
 * Returns whether the peer is fetching a newer state or has none. Such a peer takes no part in the
 * round.
 */
export function isApart({ stage }: SwarmState): boolean {
  return stage.name === 'catching-up' || stage.name === 'returning'
}

export function isCurrent(state: SwarmState, { round, attempt }: Turn): boolean {
  return round === state.round && attempt === state.attempt
}

export function refusal({ round, attempt }: SwarmState): SwarmReply {
  return { type: 'refusal', round, attempt }
}

export function behind({ round, attempt }: SwarmState): SwarmReply {
  return { type: 'behind', round, attempt }
}
