/** How a peer reaches a newer state: after it missed a commit, or after it restarted. */
import { majorityOf, type SwarmState } from './state.js'
import { follow, isApart, nextRound, type Step, stay } from './transitions.js'

export function catchUp(state: SwarmState, from: string): Step {
  if (isApart(state)) return stay(state)
  return {
    state: { ...state, stage: { name: 'catching-up', from } },
    effects: [{ do: 'stand-down' }, { do: 'catch-up', from }],
  }
}

export function hearCaughtUp(state: SwarmState, round: number): Step {
  if (round > state.round) return nextRound(state, round)
  return state.stage.name === 'catching-up' ? resume(state) : stay(state)
}

/**
 * The peer with the newer round could not be reached: return to the own round, or to asking around.
 */
export function resume(state: SwarmState): Step {
  return state.round === 0
    ? { state: { ...state, stage: { name: 'returning', heard: {} } }, effects: [{ do: 'inquire' }] }
    : follow(state)
}

export function hearRound(
  state: SwarmState,
  { from, round, votes }: { from: string; round: number; votes: boolean },
): Step {
  const { stage, rules } = state
  if (stage.name !== 'returning' || !votes) return stay(state)
  const heard = { ...stage.heard, [from]: round }
  const needed = rules.peers.length - majorityOf(rules.peers) + 1
  if (Object.keys(heard).length < needed) return stay({ ...state, stage: { name: 'returning', heard } })
  const newest = Math.max(...Object.values(heard))
  const holder = Object.keys(heard).find((name) => heard[name] === newest)!
  return catchUp({ ...state, votesFrom: newest + 2, stage: { name: 'following' } }, holder)
}
