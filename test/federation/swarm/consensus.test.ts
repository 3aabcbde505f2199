import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { startState, step } from '../../../src/federation/swarm/consensus/consensus.js'
import type { SwarmEvent } from '../../../src/federation/swarm/consensus/events.js'
import { SimulatedSwarm, type Weather } from './simulated-swarm.js'

const peers = ['a', 'b', 'c']

/** The state after these events, and what they made the peer do and answer; without those of the last event alone. */
function hearing(self: string, events: SwarmEvent[], isReturning = false) {
  let { state, effects } = startState({ self, peers, rotation: 'round-robin', seed: 1 }, isReturning)
  let reply: ReturnType<typeof step>['reply']
  for (const event of events) ({ state, effects, reply } = step(state, event))
  return { state, did: effects.map((effect) => effect.do), effects, reply }
}

const begin: SwarmEvent = { type: 'begin' }
const first = { round: 1, attempt: 0 }
const second = { round: 1, attempt: 1 }

describe('without a fault', () => {
  it('the peer whose turn it is collects at once, and the others send it their results', () => {
    expect(hearing('a', [begin])).toMatchObject({
      state: { stage: { name: 'collecting' } },
      did: ['collect', 'submit'],
    })
    expect(hearing('b', [begin])).toMatchObject({ state: { stage: { name: 'following' } }, did: ['submit'] })
  })

  it('a merge is proposed, and committed once a majority has confirmed its digest', () => {
    const merged: SwarmEvent = { type: 'merged', ...first, digest: 'D' }
    expect(hearing('a', [begin, merged])).toMatchObject({ did: ['propose'], state: { round: 1 } })
    const confirmed: SwarmEvent = { type: 'confirmation', from: 'c', ...first, digest: 'D' }
    expect(hearing('a', [begin, merged, confirmed])).toMatchObject({
      did: ['commit', 'announce'],
      state: { round: 2, attempt: 0, stage: { name: 'between' } },
    })
    expect(hearing('a', [begin, merged, { ...confirmed, digest: 'E' }])).toMatchObject({ did: [], state: { round: 1 } })
  })

  it('a peer confirms what the rightful aggregator proposes, and commits it when asked', () => {
    const proposal: SwarmEvent = { type: 'proposal', from: 'a', ...first, digest: 'D' }
    expect(hearing('b', [begin, proposal]).reply).toEqual({ type: 'confirmation', ...first, digest: 'D' })
    const commit: SwarmEvent = { type: 'commit', from: 'a', ...first, digest: 'D' }
    expect(hearing('b', [begin, proposal, commit])).toMatchObject({
      did: ['stand-down', 'commit'],
      state: { round: 2 },
    })
  })

  it('a commit of weights that a peer does not hold sends it to fetch them', () => {
    const commit: SwarmEvent = { type: 'commit', from: 'a', ...first, digest: 'D' }
    expect(hearing('b', [begin, commit])).toMatchObject({
      effects: [{ do: 'stand-down' }, { do: 'catch-up', from: 'a' }],
    })
  })
})

describe('a proposal is refused', () => {
  const from = (event: Partial<SwarmEvent>): SwarmEvent =>
    ({ type: 'proposal', from: 'a', ...first, digest: 'D', ...event }) as SwarmEvent

  it('from a peer whose turn it is not', () => {
    expect(hearing('b', [begin, from({ from: 'c' } as Partial<SwarmEvent>)]).reply).toEqual({
      type: 'refusal',
      ...first,
    })
  })

  it('for an attempt below the promised one', () => {
    const events: SwarmEvent[] = [begin, { type: 'ask', from: 'b', ...second }, from({})]
    expect(hearing('c', events).reply).toEqual({ type: 'refusal', ...second })
  })

  it('for a round that is over, with the round that this peer is in', () => {
    const commit: SwarmEvent = { type: 'commit', from: 'a', ...first, digest: 'D' }
    expect(hearing('b', [begin, from({}), commit, from({})]).reply).toEqual({ type: 'refusal', round: 2, attempt: 0 })
  })

  it('when it is the second one of the same attempt', () => {
    expect(hearing('b', [begin, from({}), from({ digest: 'E' } as Partial<SwarmEvent>)]).reply).toEqual({
      type: 'refusal',
      ...first,
    })
  })
})

describe('when the aggregator dies', () => {
  const suspect: SwarmEvent = { type: 'suspect', ...first }

  it('the one that the rule names next asks for promises, and collects again once a majority has given them', () => {
    expect(hearing('b', [begin, suspect])).toMatchObject({ did: ['stand-down', 'ask'], state: { attempt: 1 } })
    const promise: SwarmEvent = { type: 'promise', from: 'c', ...second, confirmed: null }
    expect(hearing('b', [begin, suspect, promise])).toMatchObject({
      did: ['collect', 'submit'],
      state: { stage: { name: 'collecting' } },
    })
  })

  it('the others call it, and send it the results that they kept', () => {
    expect(hearing('c', [begin, suspect])).toMatchObject({
      effects: [{ do: 'stand-down' }, { do: 'call', to: 'b', ...second }, { do: 'submit' }],
    })
    expect(hearing('b', [begin, { type: 'call', ...second }])).toMatchObject({ did: ['stand-down', 'ask'] })
    expect(hearing('c', [begin, { type: 'call', ...second }])).toMatchObject({ did: [], state: { attempt: 0 } })
  })

  it('its proposal that somebody confirmed is fetched and proposed again, and nothing is merged', () => {
    const promise: SwarmEvent = { type: 'promise', from: 'c', ...second, confirmed: { attempt: 0, digest: 'D' } }
    expect(hearing('b', [begin, suspect, promise])).toMatchObject({
      effects: [{ do: 'fetch', digest: 'D', holders: ['c'] }],
    })
    expect(hearing('b', [begin, suspect, promise, { type: 'fetched', digest: 'D' }])).toMatchObject({
      effects: [{ do: 'propose', ...second, digest: 'D' }],
    })
  })

  it('its commit that somebody has already stands', () => {
    const refusal: SwarmEvent = { type: 'refusal', from: 'c', round: 2, attempt: 0 }
    expect(hearing('b', [begin, suspect, refusal])).toMatchObject({
      effects: [{ do: 'stand-down' }, { do: 'catch-up', from: 'c' }],
    })
  })

  it('and is not dead after all, it steps back as soon as it hears of the higher attempt', () => {
    const ask: SwarmEvent = { type: 'ask', from: 'b', ...second }
    expect(hearing('a', [begin, ask])).toMatchObject({
      did: ['stand-down', 'submit'],
      reply: { type: 'promise', ...second, confirmed: null },
      state: { stage: { name: 'following' } },
    })
    const merged: SwarmEvent = { type: 'merged', ...first, digest: 'D' }
    expect(hearing('a', [begin, ask, merged])).toMatchObject({ did: [], state: { confirmed: null } })
  })
})

describe('a peer that returns without its memory', () => {
  const heard = (from: string, round: number, votes = true): SwarmEvent => ({ type: 'heard', from, round, votes })

  it('hears two of the three others that could be, and then fetches the newest weights', () => {
    expect(hearing('a', [], true).did).toEqual(['inquire'])
    expect(hearing('a', [heard('b', 4)], true).did).toEqual([])
    expect(hearing('a', [heard('b', 4), heard('c', 5, false)], true).did).toEqual([])
    expect(hearing('a', [heard('b', 4), heard('c', 5)], true).effects).toEqual([
      { do: 'stand-down' },
      { do: 'catch-up', from: 'c' },
    ])
  })

  it('takes part, but has no vote and no turn until the round after the next', () => {
    const back: SwarmEvent[] = [heard('b', 4), heard('c', 4), { type: 'caught-up', round: 4 }, begin]
    expect(hearing('a', back, true)).toMatchObject({
      effects: [{ do: 'stand-down' }, { do: 'call', to: 'b' }, { do: 'submit' }],
    })
    expect(hearing('a', [...back, { type: 'ask', from: 'b', round: 4, attempt: 1 }], true).reply?.type).toBe('refusal')
    const later: SwarmEvent[] = [{ type: 'news', from: 'b', round: 6 }, { type: 'caught-up', round: 6 }, begin]
    expect(hearing('a', [...back, ...later, { type: 'ask', from: 'a', round: 6, attempt: 1 }], true).state.round).toBe(
      6,
    )
    expect(hearing('a', [...back, ...later, { type: 'ask', from: 'a', round: 6, attempt: 2 }], true).reply?.type).toBe(
      'refusal',
    )
    expect(hearing('a', [...back, ...later, { type: 'ask', from: 'b', round: 6, attempt: 2 }], true).reply?.type).toBe(
      'promise',
    )
  })
})

describe('over hundreds of storms in which messages are lost, doubled and late, and peers die and return,', () => {
  const storms = fc.record<Weather>({
    peers: fc.integer({ min: 1, max: 6 }),
    rounds: fc.integer({ min: 1, max: 6 }),
    rotation: fc.constantFrom('round-robin', 'random', 'fixed'),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    loss: fc.constantFrom(0, 0.05, 0.2),
    duplicates: fc.constantFrom(0, 0.1),
    kills: fc.constantFrom(0, 0.01, 0.05),
    suspicions: fc.constantFrom(0.01, 0.1),
    steps: fc.integer({ min: 0, max: 1500 }),
    keepsMajority: fc.boolean(),
  })

  it('no round is committed twice or out of order, and all come to the end while a majority lives', () => {
    let stuck = 0
    let rounds = 0
    fc.assert(
      fc.property(storms, (weather) => {
        const swarm = new SimulatedSwarm(weather)
        try {
          swarm.storm()
          const mustFinish = swarm.hasMajority()
          const isFinished = swarm.heal()
          rounds += swarm.commits.size
          if (!mustFinish) stuck++
          else if (!isFinished) throw new Error('a majority lives, and the job does not come to its end')
        } catch (error) {
          throw new Error(`${(error as Error).message}\n${swarm.log.slice(-60).join('\n')}`)
        }
      }),
      { numRuns: Number(process.env.TIDEMARK_STORMS ?? 600) },
    )
    expect(rounds).toBeGreaterThan(600)
    expect(stuck).toBeLessThan(300)
  })
})
