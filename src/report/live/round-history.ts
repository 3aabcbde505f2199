import type { LiveRound } from '../../verdict/live/live-status.js'

const MOST_NEWEST = 24
/** Most rounds that are drawn; a figure has no room for more dots. */
const MOST_DRAWN = 240

/**
 * Rounds of one role in constant space: the newest as they are, and those of the figure, of which
 * every two become the one with the higher peak when there are too many.
 */
export class RoundHistory {
  #newest: LiveRound[] = []
  #drawn: LiveRound[] = []
  /** Rounds that each drawn one stands for. */
  #step = 1
  #skipped = 0

  /** Adds a round, or replaces it when a later process of the role has ended it. */
  add(round: LiveRound): void {
    const known = this.#newest.findIndex((one) => one.round === round.round)
    if (known >= 0) {
      const before = this.#newest[known]!
      this.#newest[known] = round
      this.#drawn = this.#drawn.map((one) => (one === before ? round : one))
      return
    }
    this.#newest = [...this.#newest.slice(1 - MOST_NEWEST), round]
    const last = this.#drawn.at(-1)
    if (last !== undefined && this.#skipped + 1 < this.#step) {
      this.#skipped++
      this.#drawn[this.#drawn.length - 1] = higher(last, round)
      return
    }
    this.#skipped = 0
    this.#drawn.push(round)
    if (this.#drawn.length <= MOST_DRAWN) return
    this.#step *= 2
    this.#drawn = this.#drawn.flatMap((one, i) => (i % 2 === 0 ? higher(one, this.#drawn[i + 1] ?? one) : []))
  }

  /** Newest rounds, in ascending order. */
  get newest(): readonly LiveRound[] {
    return this.#newest
  }

  get drawn(): readonly LiveRound[] {
    return this.#drawn
  }

  /** Whether every round is drawn separately. */
  get isWhole(): boolean {
    return this.#step === 1
  }
}

function higher(a: LiveRound, b: LiveRound): LiveRound {
  return (a.peakBytes ?? 0) >= (b.peakBytes ?? 0) ? a : b
}
