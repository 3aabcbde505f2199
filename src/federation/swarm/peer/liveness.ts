import type { RosterEntry } from '../roster.js'

/** Which of the other peers live, and which are ahead, as the coordinator tells it with every heartbeat. */
export class Liveness {
  /** Per peer: aborted when the coordinator has not heard of it for too long. */
  readonly #lives = new Map<string, AbortController>()
  /** Peers that were in a newer round at the last heartbeat. */
  #ahead = new Set<string>()

  constructor(names: readonly string[]) {
    for (const name of names) this.#lives.set(name, new AbortController())
  }

  isLost(name: string): boolean {
    return this.#lives.get(name)?.signal.aborted ?? false
  }

  /** Aborted while the peer is lost; another one once it is back. */
  signalOf(name: string): AbortSignal {
    return this.#lives.get(name)!.signal
  }

  /** Those that this news loses. */
  hear(entries: readonly RosterEntry[]): string[] {
    const changed = entries.filter(({ name, isLost }) => isLost !== this.isLost(name))
    for (const { name, isLost } of changed)
      if (isLost) this.#lives.get(name)?.abort(new Error(`${name} is lost`))
      else this.#lives.set(name, new AbortController())
    return changed.filter(({ isLost }) => isLost).map(({ name }) => name)
  }

  /** A peer that has left this round behind. Once is no news, since the commit is on its way: it must be ahead twice in a row. */
  leaderBeyond(round: number, entries: readonly RosterEntry[]): string | undefined {
    const ahead = entries.filter((entry) => entry.round > round && !entry.isLost).map(({ name }) => name)
    const leader = ahead.find((name) => this.#ahead.has(name))
    this.#ahead = new Set(ahead)
    return leader
  }
}
