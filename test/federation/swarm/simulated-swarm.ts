/**
 * Peers whose messages are lost, doubled, held back and delivered in any order, and who are killed and started again: the
 * state machine alone, with a bag of messages for a network. Everything is drawn from one seed.
 */

import { judgeProposal, startState, step } from '../../../src/federation/swarm/consensus/consensus.js'
import type { SwarmEffect, SwarmEvent } from '../../../src/federation/swarm/consensus/events.js'
import {
  currentAggregator,
  isVoting,
  majorityOf,
  type SwarmState,
} from '../../../src/federation/swarm/consensus/state.js'
import { createRandom } from '../../../src/federation/training/random.js'

export interface Weather {
  peers: number
  rounds: number
  rotation: string
  seed: number
  /** Shares of all steps. */
  loss: number
  duplicates: number
  kills: number
  suspicions: number
  /** Steps of bad weather before the network heals. */
  steps: number
  /** Kills stop where fewer than a majority with whole memory would be left. */
  keepsMajority: boolean
}

interface Peer {
  name: string
  /** Null while it is dead. */
  state: SwarmState | null
  /** Tells a process from the one that was started after it. */
  life: number
  /** Whose results its open collection holds. */
  collected: Set<string>
  /** Digests whose weights it holds. */
  held: Set<string>
  /** The digest of the last commit that it knows of, and its round. */
  global: { round: number; digest: string }
}

interface Message {
  from: string
  to: string
  life: number
  deliver: (target: Peer) => void
  what: string
}

export class SimulatedSwarm {
  readonly log: string[] = []
  readonly commits = new Map<number, string>()
  readonly #weather: Weather
  readonly #random
  readonly #peers: Peer[]
  #messages: Message[] = []

  constructor(weather: Weather) {
    this.#weather = weather
    this.#random = createRandom(weather.seed, 'dealing')
    const names = Array.from({ length: weather.peers }, (_, i) => `p${i}`)
    this.#peers = names.map((name) => ({
      name,
      state: null,
      life: 0,
      collected: new Set<string>(),
      held: new Set<string>(),
      global: { round: 0, digest: 'initial' },
    }))
    for (const peer of this.#peers) this.#start(peer, false)
  }

  /** Throws when a rule is broken. */
  storm(): void {
    const { steps, loss, duplicates, kills, suspicions } = this.#weather
    for (let i = 0; i < steps; i++) {
      const draw = this.#random.nextShare()
      if (draw < kills) this.#killOrRevive()
      else if (draw < kills + suspicions) this.#suspectAt(this.#pick(this.#peers))
      else if (draw < kills + suspicions + loss) this.#take()
      else if (draw < kills + suspicions + loss + duplicates) this.#deliver(this.#peek())
      else this.#deliver(this.#take())
      this.#beginSome()
    }
  }

  /** From here on nothing is lost, and no peer dies. Returns whether all that are there came to the end. */
  heal(): boolean {
    for (let i = 0; i < 200 * this.#weather.rounds * this.#weather.peers; i++) {
      if (this.#isFinished()) return true
      this.#beginSome()
      if (this.#messages.length > 0) this.#deliver(this.#take())
      else for (const peer of this.#peers) this.#lookAgain(peer)
    }
    return this.#isFinished()
  }

  /** Whether enough peers with whole memory are there to continue. */
  hasMajority(): boolean {
    return this.#voters().length >= majorityOf(this.#peers.map(({ name }) => name))
  }

  #isFinished(): boolean {
    return this.#alive().every(({ state }) => state!.round > this.#weather.rounds)
  }

  #alive(): Peer[] {
    return this.#peers.filter(({ state }) => state !== null)
  }

  #voters(): Peer[] {
    return this.#alive().filter(({ state }) => state!.round > 0 && isVoting(state!))
  }

  #start(peer: Peer, isReturning: boolean): void {
    const { rotation, seed } = this.#weather
    const peers = this.#peers.map(({ name }) => name)
    peer.life++
    peer.collected.clear()
    peer.held.clear()
    peer.global = { round: 0, digest: isReturning ? 'none' : 'initial' }
    const { state, effects } = startState({ self: peer.name, peers, rotation, seed }, isReturning)
    peer.state = state
    this.#carryOut(peer, effects)
  }

  #killOrRevive(): void {
    const peer = this.#pick(this.#peers)
    if (peer.state === null) {
      this.#note(`${peer.name} returns`)
      this.#start(peer, true)
      return
    }
    const others = this.#voters().filter((voter) => voter !== peer)
    if (this.#weather.keepsMajority && others.length < majorityOf(this.#peers.map(({ name }) => name))) return
    this.#note(`${peer.name} is killed in round ${peer.state.round}, ${peer.state.stage.name}`)
    peer.state = null
  }

  #suspectAt({ state, name }: Peer): void {
    if (state === null) return
    this.#hear(name, { type: 'suspect', round: state.round, attempt: state.attempt })
  }

  /** What a peer's timers do once nothing moves any more. */
  #lookAgain(peer: Peer): void {
    const stage = peer.state?.stage.name
    if (stage === 'returning') this.#carryOut(peer, [{ do: 'inquire' }])
    else if (stage === 'catching-up') this.#hear(peer.name, { type: 'not-caught-up' })
    else this.#suspectAt(peer)
    const newest = this.#alive().sort((a, b) => b.state!.round - a.state!.round)[0]
    if (newest !== undefined && peer.state !== null && newest.state!.round > peer.state.round)
      this.#hear(peer.name, { type: 'news', from: newest.name, round: newest.state!.round })
  }

  #beginSome(): void {
    for (const peer of this.#alive())
      if (peer.state!.stage.name === 'between' && peer.state!.round <= this.#weather.rounds)
        if (this.#random.nextShare() < 0.3) this.#hear(peer.name, { type: 'begin' })
  }

  #hear(name: string, event: SwarmEvent): void {
    const peer = this.#peers.find((one) => one.name === name)!
    if (peer.state === null) return
    if (peer.state.round > this.#weather.rounds && event.type === 'begin') return
    const { state, effects } = step(peer.state, event)
    if (state.stage.name !== peer.state.stage.name || state.attempt !== peer.state.attempt)
      this.#note(
        `${name} ${event.type}: ${peer.state.stage.name} -> ${state.stage.name} ${state.round}.${state.attempt}`,
      )
    peer.state = state
    this.#carryOut(peer, effects)
  }

  #carryOut(peer: Peer, effects: readonly SwarmEffect[]): void {
    for (const effect of effects) this.#carryOutOne(peer, effect)
  }

  #carryOutOne(peer: Peer, effect: SwarmEffect): void {
    const { name } = peer
    switch (effect.do) {
      case 'stand-down':
        peer.collected.clear()
        break
      case 'collect':
        peer.collected.clear()
        break
      case 'submit':
        this.#submit(peer)
        break
      case 'ask':
        this.#toOthers(peer, 'ask', (target) => {
          const { state, effects, reply } = step(target.state!, { type: 'ask', from: name, ...turnOf(effect) })
          target.state = state
          this.#carryOut(target, effects)
          if (reply?.type === 'promise' || reply?.type === 'refusal')
            this.#reply(target, peer, { ...reply, from: target.name })
        })
        break
      case 'call':
        this.#send(peer, effect.to, 'call', () => this.#hear(effect.to, { type: 'call', ...turnOf(effect) }))
        break
      case 'fetch':
        this.#send(peer, effect.holders[0]!, 'fetch', (holder) => {
          const has = holder.held.has(effect.digest)
          this.#reply(holder, peer, { type: has ? 'fetched' : 'not-fetched', digest: effect.digest }, () => {
            if (has) peer.held.add(effect.digest)
          })
        })
        break
      case 'propose':
        this.#toOthers(peer, 'proposal', (target) => {
          const proposal = { from: name, digest: effect.digest, ...turnOf(effect) }
          const wanted = judgeProposal(target.state!, proposal) === undefined
          if (wanted) target.held.add(effect.digest)
          const { state, effects, reply } = step(target.state!, { type: 'proposal', ...proposal })
          target.state = state
          this.#carryOut(target, effects)
          if (reply?.type === 'confirmation' || reply?.type === 'refusal')
            this.#reply(target, peer, { ...reply, from: target.name })
        })
        break
      case 'commit':
        this.#commit(peer, effect)
        break
      case 'announce':
        this.#toOthers(peer, 'commit', (target) =>
          this.#hear(target.name, { type: 'commit', from: name, digest: effect.digest, ...turnOf(effect) }),
        )
        break
      case 'catch-up':
        this.#send(peer, effect.from, 'weights', (holder) => {
          const { round } = holder.state!
          const { digest } = holder.global
          this.#reply(holder, peer, { type: 'caught-up', round }, () => {
            if (round > peer.state!.round) peer.global = { round: round - 1, digest }
          })
        })
        break
      case 'inquire':
        this.#toOthers(peer, 'inquiry', (target) => {
          const { round } = target.state!
          const votes = round > 0 && isVoting(target.state!)
          this.#reply(target, peer, { type: 'heard', from: target.name, round, votes })
        })
    }
  }

  /** A result that comes to a peer which does not collect yet is also a call. A collection may end with any of its results. */
  #submit(peer: Peer): void {
    const { round, attempt } = peer.state!
    const aggregator = currentAggregator(peer.state!)
    if (aggregator === peer.name) {
      this.#mergeSoon(peer)
      return
    }
    this.#send(peer, aggregator, 'result', (target) => {
      const { state } = target
      if (state!.stage.name === 'collecting' && state!.round === round && state!.attempt === attempt)
        target.collected.add(peer.name)
      else this.#hear(aggregator, { type: 'call', round, attempt })
    })
  }

  #mergeSoon(peer: Peer): void {
    const { state } = peer
    if (state?.stage.name !== 'collecting') return
    const { round, attempt } = state
    this.#send(peer, peer.name, 'merge', () => {
      const isOpen = peer.state?.stage.name === 'collecting' && peer.state.round === round
      if (!isOpen || peer.state?.attempt !== attempt) return
      // Life and draw make the digest differ from every other one: two merges never agree by chance.
      const digest = `${round}.${attempt} of ${[peer.name, ...peer.collected].join('+')} life ${peer.life} #${this.#random.nextShare()}`
      peer.held.add(digest)
      this.#hear(peer.name, { type: 'merged', round, attempt, digest })
    })
  }

  #commit(peer: Peer, { round, digest }: { round: number; digest: string }): void {
    this.#note(`${peer.name} commits ${digest}`)
    const before = this.commits.get(round)
    if (before !== undefined && before !== digest)
      throw new Error(`round ${round} has two commits: ${before}, and ${digest}`)
    if (before === undefined && round !== this.commits.size + 1)
      throw new Error(`round ${round} was committed after ${this.commits.size}`)
    if (peer.global.round !== round - 1)
      throw new Error(`${peer.name} committed round ${round} on the weights of round ${peer.global.round}`)
    if (peer.global.digest !== (this.commits.get(round - 1) ?? 'initial'))
      throw new Error(`${peer.name} committed round ${round} on weights that no one committed: ${peer.global.digest}`)
    if (!peer.held.has(digest)) throw new Error(`${peer.name} committed ${digest}, whose weights it does not hold`)
    this.commits.set(round, digest)
    peer.global = { round, digest }
  }

  #toOthers(peer: Peer, what: string, deliver: (target: Peer) => void): void {
    for (const { name } of this.#peers) if (name !== peer.name) this.#send(peer, name, what, deliver)
  }

  #send(from: Peer, to: string, what: string, deliver: (target: Peer) => void): void {
    this.#messages.push({ from: from.name, to, life: 0, what, deliver })
  }

  /** An answer reaches the process that asked, not one that was started after it. */
  #reply(from: Peer, to: Peer, event: SwarmEvent, before: () => void = () => {}): void {
    this.#messages.push({
      from: from.name,
      to: to.name,
      life: to.life,
      what: event.type,
      deliver: () => {
        before()
        this.#hear(to.name, event)
      },
    })
  }

  #deliver(message: Message | undefined): void {
    const target = this.#peers.find(({ name }) => name === message?.to)
    if (message === undefined || target === undefined || target.state === null) return
    if (message.life !== 0 && message.life !== target.life) return
    message.deliver(target)
  }

  #peek(): Message | undefined {
    return this.#pick(this.#messages)
  }

  #take(): Message | undefined {
    if (this.#messages.length === 0) return undefined
    const place = Math.floor(this.#random.nextShare() * this.#messages.length)
    return this.#messages.splice(place, 1)[0]
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random.nextShare() * from.length)]!
  }

  #note(line: string): void {
    this.log.push(line)
  }
}

function turnOf({ round, attempt }: { round: number; attempt: number }) {
  return { round, attempt }
}
