import type { SwarmEffect, SwarmReply, Turn } from './events.js'
import type { SwarmState } from './state.js'

/** What hearing one event comes to: the state after it, what is to be done, and the answer to who asked. */
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

/** Busy with fetching a newer state, or without any: such a peer has no part in the round. */
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
