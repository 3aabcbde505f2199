/**
 * The rules of who aggregates a round, who takes over when that peer dies, and when a round
 * commits, without sockets, clocks or weights. They are Paxos (Lamport, "Paxos made simple", 2001),
 * run once a round: the attempt is the ballot, the rotation names the only proposer of each
 * attempt, and the value is the digest of the new weights. So no round has two commits if a peer
 * dies or stalls, and a round commits while a majority lives.
 */
import { catchUp, hearCaughtUp, hearRound, resume } from './catch-up.js'
import type { Confirmation, SwarmEvent, SwarmReply, Turn } from './events.js'
import { aggregatorOf } from './rotation.js'
import { currentAggregator, type Held, isVoting, majorityOf, type SwarmRules, type SwarmState } from './state.js'
import { behind, follow, isApart, isCurrent, nextRound, refusal, type Step, stay, withEffects } from './transitions.js'

/** @param isReturning whether a process of this name has taken part in the job before */
export function startState(rules: SwarmRules, isReturning: boolean): Step {
  const blank = { rules, attempt: 0, confirmed: null }
  return isReturning
    ? {
        state: { ...blank, round: 0, votesFrom: Number.POSITIVE_INFINITY, stage: { name: 'returning', heard: {} } },
        effects: [{ do: 'inquire' }],
      }
    : { state: { ...blank, round: 1, votesFrom: 1, stage: { name: 'between' } }, effects: [] }
}

/** Applies one event. It never throws: an event that does not fit the state changes nothing. */
export function step(state: SwarmState, event: SwarmEvent): Step {
  switch (event.type) {
    case 'begin':
      return begin(state)
    case 'suspect':
      return isCurrent(state, event) && state.stage.name !== 'between' ? giveUpOn(state) : stay(state)
    case 'call':
      return hearCall(state, event)
    case 'ask':
      return hearAsk(state, event)
    case 'promise':
      return hearPromise(state, event)
    case 'refusal':
      return hearRefusal(state, event)
    case 'merged':
      return isCurrent(state, event) && state.stage.name === 'collecting' ? propose(state, event.digest) : stay(state)
    case 'not-merged':
      return isCurrent(state, event) && state.stage.name === 'collecting' ? giveUpOn(state) : stay(state)
    case 'fetched':
      return state.stage.name === 'fetching' && state.stage.digest === event.digest
        ? propose(state, event.digest)
        : stay(state)
    case 'not-fetched':
      return state.stage.name === 'fetching' && state.stage.digest === event.digest ? giveUpOn(state) : stay(state)
    case 'proposal':
      return hearProposal(state, event)
    case 'confirmation':
      return hearConfirmation(state, event)
    case 'commit':
      return hearCommit(state, event)
    case 'news':
      return event.round > state.round ? catchUp(state, event.from) : stay(state)
    case 'caught-up':
      return hearCaughtUp(state, event.round)
    case 'not-caught-up':
      return state.stage.name === 'catching-up' ? resume(state) : stay(state)
    case 'heard':
      return hearRound(state, event)
  }
}

/** Judges a proposal before its weights are sent; undefined means that they are wanted. */
export function judgeProposal(
  state: SwarmState,
  { from, round, attempt, digest }: { from: string; digest: string } & Turn,
): SwarmReply | undefined {
  if (round > state.round) return behind(state)
  const { confirmed } = state
  const isSecond = confirmed?.attempt === attempt && confirmed.digest !== digest
  const isWanted =
    round === state.round &&
    attempt >= state.attempt &&
    !isSecond &&
    isVoting(state) &&
    aggregatorOf(state.rules, round, attempt) === from
  return isWanted ? undefined : refusal(state)
}

/** The first attempt needs no promises: there is no lower one to exclude. */
function begin(state: SwarmState): Step {
  if (state.stage.name !== 'between') return stay(state)
  const { round, attempt } = state
  const isOwnTurn = attempt === 0 && currentAggregator(state) === state.rules.self
  if (isOwnTurn && !isVoting(state)) return giveUpOn(follow(state).state)
  if (isOwnTurn)
    return {
      state: { ...state, stage: { name: 'collecting' } },
      effects: [{ do: 'collect', round, attempt }, { do: 'submit' }],
    }
  return follow(state)
}

/**
 * Moves to the next attempt: calls its aggregator, or becomes a successor if the rotation names
 * this peer.
 */
function giveUpOn(state: SwarmState): Step {
  if (isApart(state)) return stay(state)
  const { rules, round } = state
  let attempt = state.attempt + 1
  // A peer without a vote cannot aggregate. A peer alone in its job always has one.
  while (!isVoting(state) && aggregatorOf(rules, round, attempt) === rules.self) attempt++
  const aggregator = aggregatorOf(rules, round, attempt)
  const next = { ...state, attempt }
  if (aggregator === rules.self) return standUp(next)
  return withEffects(follow(next), [
    { do: 'stand-down' },
    { do: 'call', to: aggregator, round, attempt },
    { do: 'submit' },
  ])
}

/** Becomes the successor in the attempt of `state`. Its own promise counts first. */
function standUp(state: SwarmState): Step {
  const { rules, round, attempt, confirmed } = state
  const best = confirmed === null ? null : { ...confirmed, holders: [rules.self] }
  const asking: SwarmState = { ...state, stage: { name: 'asking', promised: [rules.self], best } }
  const counted = countPromises(asking)
  return withEffects(counted, [{ do: 'stand-down' }, { do: 'ask', round, attempt }, ...counted.effects])
}

function countPromises(state: SwarmState): Step {
  const { rules, round, attempt, stage } = state
  if (stage.name !== 'asking' || stage.promised.length < majorityOf(rules.peers)) return stay(state)
  const { best } = stage
  if (best === null)
    return {
      state: { ...state, stage: { name: 'collecting' } },
      effects: [{ do: 'collect', round, attempt }, { do: 'submit' }],
    }
  if (best.holders.includes(rules.self)) return propose(state, best.digest)
  return {
    state: { ...state, stage: { name: 'fetching', digest: best.digest } },
    effects: [{ do: 'fetch', digest: best.digest, holders: best.holders }],
  }
}

/** Proposes weights that this peer holds. The proposal is its first confirmation. */
function propose(state: SwarmState, digest: string): Step {
  const { rules, round, attempt } = state
  const proposing: SwarmState = {
    ...state,
    confirmed: { attempt, digest },
    stage: { name: 'proposing', digest, confirmedBy: [rules.self] },
  }
  const counted = countConfirmations(proposing)
  return withEffects(counted, [{ do: 'propose', round, attempt, digest }, ...counted.effects])
}

function countConfirmations(state: SwarmState): Step {
  const { rules, stage } = state
  if (stage.name !== 'proposing' || stage.confirmedBy.length < majorityOf(rules.peers)) return stay(state)
  const { round, attempt } = state
  const { digest } = stage
  return withEffects(nextRound(state, round + 1), [
    { do: 'commit', round, attempt, digest },
    { do: 'announce', round, attempt, digest },
  ])
}

function hearCall(state: SwarmState, { round, attempt }: Turn): Step {
  const isOurs = aggregatorOf(state.rules, round, attempt) === state.rules.self
  const isNew = round === state.round && attempt > state.attempt
  // Between two rounds it is too early, and the caller asks again.
  return isNew && isOurs && !isApart(state) && state.stage.name !== 'between' ? adopt(state, attempt) : stay(state)
}

/** Records the promise as `attempt`, which excludes lower attempts, this peer's own included. */
function hearAsk(state: SwarmState, event: { from: string } & Turn): Step {
  const { from, round, attempt } = event
  if (round > state.round) return { ...catchUp(state, from), reply: behind(state) }
  const isRightful = aggregatorOf(state.rules, round, attempt) === from
  if (round < state.round || attempt < state.attempt || !isRightful || !isVoting(state))
    return { ...stay(state), reply: refusal(state) }
  const reply: SwarmReply = { type: 'promise', round, attempt, confirmed: state.confirmed }
  if (attempt === state.attempt) return { ...stay(state), reply }
  return { ...adopt(state, attempt), reply }
}

/** Joins a higher attempt, and leads it if the others wait for this peer. */
function adopt(state: SwarmState, attempt: number): Step {
  const next = { ...state, attempt }
  if (state.stage.name === 'between' || isApart(state)) return stay(next)
  if (currentAggregator(next) === state.rules.self) return isVoting(next) ? standUp(next) : giveUpOn(next)
  return withEffects(follow(next), [{ do: 'stand-down' }, { do: 'submit' }])
}

function hearPromise(state: SwarmState, event: { from: string; confirmed: Confirmation | null } & Turn): Step {
  const { stage } = state
  if (stage.name !== 'asking' || !isCurrent(state, event) || stage.promised.includes(event.from)) return stay(state)
  const promised = [...stage.promised, event.from]
  const best = betterOf(stage.best, event.confirmed, event.from)
  return countPromises({ ...state, stage: { name: 'asking', promised, best } })
}

/** Of several confirmed proposals only the one with the highest attempt may have been committed. */
function betterOf(best: Held | null, confirmed: Confirmation | null, from: string): Held | null {
  if (confirmed === null) return best
  if (best?.digest === confirmed.digest)
    return {
      digest: best.digest,
      attempt: Math.max(best.attempt, confirmed.attempt),
      holders: [...best.holders, from],
    }
  return best === null || confirmed.attempt > best.attempt ? { ...confirmed, holders: [from] } : best
}

function hearRefusal(state: SwarmState, { from, round, attempt }: { from: string } & Turn): Step {
  if (round > state.round) return catchUp(state, from)
  return round === state.round && attempt > state.attempt ? adopt(state, attempt) : stay(state)
}

function hearProposal(state: SwarmState, event: { from: string; digest: string } & Turn): Step {
  const { round, attempt, digest } = event
  const unwanted = judgeProposal(state, event)
  if (unwanted !== undefined) return { ...stay(state), reply: unwanted }
  const adopted = attempt > state.attempt ? adopt(state, attempt) : stay(state)
  return {
    state: { ...adopted.state, confirmed: { attempt, digest } },
    // The proposal already confirms the result. It is kept until the commit and need not be sent
    // again.
    effects: adopted.effects.filter((effect) => effect.do !== 'submit'),
    reply: { type: 'confirmation', round, attempt, digest },
  }
}

function hearConfirmation(state: SwarmState, event: { from: string; digest: string } & Turn): Step {
  const { stage } = state
  if (stage.name !== 'proposing' || !isCurrent(state, event) || stage.digest !== event.digest) return stay(state)
  if (stage.confirmedBy.includes(event.from)) return stay(state)
  return countConfirmations({ ...state, stage: { ...stage, confirmedBy: [...stage.confirmedBy, event.from] } })
}

/**
 * Accepts a commit whatever attempt this peer is in. A peer without the weights fetches them from
 * the sender.
 */
function hearCommit(state: SwarmState, event: { from: string; digest: string } & Turn): Step {
  const { from, round, attempt, digest } = event
  if (round < state.round) return stay(state)
  if (round > state.round || state.confirmed?.digest !== digest) return catchUp(state, from)
  return withEffects(nextRound(state, round + 1), [{ do: 'stand-down' }, { do: 'commit', round, attempt, digest }])
}
