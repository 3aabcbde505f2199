import { randomBytes } from 'node:crypto'
import { compareText } from '../rounds/sample.js'
import { HttpError } from '../transport/http-error.js'

/** What the coordinator says of a peer. */
export interface RosterEntry {
  name: string
  /** The address on which it listens. */
  url: string
  /** Its current round. */
  round: number
  /** Whether its vote counts: it remembers its promises. A restarted peer does not for a while. */
  votes: boolean
  /** It sent no heartbeat for longer than a reconnection may take. */
  isLost: boolean
}

interface Peer {
  name: string
  url: string
  session: string
  round: number
  votes: boolean
  heardMs: number
}

/**
 * The peers of a job as its coordinator knows them: names, addresses and heartbeats, and no
 * weights.
 */
export class Roster {
  readonly #peers = new Map<string, Peer>()
  readonly #size: number
  readonly #silenceMs: number
  readonly #nowMs: () => number
  /** Set once all have joined. A name that joins again after that returns without its memory. */
  #isComplete = false

  constructor(from: { size: number; silenceMs: number; nowMs: () => number }) {
    this.#size = from.size
    this.#silenceMs = from.silenceMs
    this.#nowMs = from.nowMs
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  get entries(): RosterEntry[] {
    return [...this.#peers.values()]
      .sort((a, b) => compareText(a.name, b.name))
      .map(({ name, url, round, votes, heardMs }) => ({
        name,
        url,
        round,
        votes,
        isLost: this.#nowMs() - heardMs > this.#silenceMs,
      }))
  }

  get lost(): string[] {
    return this.entries.filter(({ isLost }) => isLost).map(({ name }) => name)
  }

  /**
   * Adds a peer. A known name passes to the newcomer, so a restarted peer need not wait until its
   * old process is missed.
   */
  join(name: string, url: string): { session: string; isReturning: boolean } {
    if (!this.#peers.has(name) && this.#isComplete)
      throw new HttpError(409, 'full', {
        message: `the job has its ${this.#size} peers already: ${[...this.#peers.keys()].sort(compareText).join(', ')}`,
      })
    const isReturning = this.#isComplete
    const session = randomBytes(8).toString('hex')
    this.#peers.set(name, { name, url, session, round: 0, votes: !isReturning, heardMs: this.#nowMs() })
    this.#isComplete ||= this.#peers.size === this.#size
    return { session, isReturning }
  }

  beat(name: string, session: string | undefined, { round, votes }: Pick<RosterEntry, 'round' | 'votes'>): void {
    const peer = this.#peers.get(name)
    if (peer === undefined)
      throw new HttpError(410, 'join-again', { message: `peer "${name}" has not joined this job` })
    if (peer.session !== session)
      throw new HttpError(409, 'replaced', {
        message: `another process has joined as "${name}" since; every peer needs a name of its own`,
      })
    peer.heardMs = this.#nowMs()
    peer.round = Math.max(peer.round, round)
    peer.votes = votes
  }
}
