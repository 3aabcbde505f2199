/** Wrong tokens from one address before it has to wait. */
const FREE_GUESSES = 10
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

/** Addresses remembered; the oldest is dropped for a new one. */
const REMEMBERED = 1000

/**
 * Slows down guessing of the token: after ten wrong ones an address waits a second, then two, four,
 * …
 */
export class AuthThrottle {
  readonly #wrong = new Map<string, { count: number; untilMs: number }>()

  /** Returns the ms for which requests from this address are refused. */
  pauseOf(address: string, nowMs = performance.now()): number {
    return Math.max(0, (this.#wrong.get(address)?.untilMs ?? 0) - nowMs)
  }

  note(address: string, nowMs = performance.now()): void {
    const count = (this.#wrong.get(address)?.count ?? 0) + 1
    const pauseMs = count < FREE_GUESSES ? 0 : FIRST_PAUSE_MS * 2 ** Math.min(count - FREE_GUESSES, 6)
    this.#wrong.delete(address)
    this.#wrong.set(address, { count, untilMs: nowMs + Math.min(pauseMs, LONGEST_PAUSE_MS) })
    const [oldest] = this.#wrong.keys()
    if (this.#wrong.size > REMEMBERED && oldest !== undefined) this.#wrong.delete(oldest)
  }
}
