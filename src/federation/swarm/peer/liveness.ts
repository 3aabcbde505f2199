import type { RosterEntry } from '../roster.js'

/** Which of the other peers live and which are ahead, by the last heartbeat. */
export class Liveness {
  /** One controller a peer, aborted when the coordinator has not heard of it for too long. */
  readonly #lives = new Map<string, AbortController>()
  /** Peers that were in a newer round at the last heartbeat. */
  #ahead = new Set<string>()

  constructor(names: readonly string[]) {
    for (const name of names) this.#lives.set(name, new AbortController())
  }

  isLost(name: string): boolean {
    return this.#lives.get(name)?.signal.aborted ?? false
  }

  /** Returns a signal that is aborted while the peer is lost; a new one once it is back. */
  signalOf(name: string): AbortSignal {
    return this.#lives.get(name)!.signal
  }

  /** Returns the peers that this heartbeat lost. */
  hear(entries: readonly RosterEntry[]): string[] {
    const changed = entries.filter(({ name, isLost }) => isLost !== this.isLost(name))
    for (const { name, isLost } of changed)
      if (isLost) this.#lives.get(name)?.abort(new Error(`${name} is lost`))
      else this.#lives.set(name, new AbortController())
    return changed.filter(({ isLost }) => isLost).map(({ name }) => name)
  }

  /**
   * Returns a peer that is ahead of this round. It must be ahead twice in a row, since its commit
   * may be on the way.
   */
  leaderBeyond(round: number, entries: readonly RosterEntry[]): string | undefined {
    const ahead = entries.filter((entry) => entry.round > round && !entry.isLost).map(({ name }) => name)
    const leader = ahead.find((name) => this.#ahead.has(name))
    this.#ahead = new Set(ahead)
    return leader
  }
}
