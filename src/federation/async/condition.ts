/** A condition variable: waiters re-check their predicate on every notify(). */
export class Condition {
  readonly #waiters = new Set<() => void>()

  notify(): void {
    for (const look of [...this.#waiters]) look()
  }

  /**
   * Returns the first value of `look` that is not undefined, or undefined at the deadline. Rejects
   * with the signal's reason when it is aborted.
   */
  waitFor<T>(look: () => T | undefined, { deadlineMs, signal }: Deadline): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        this.#waiters.delete(check)
        signal?.removeEventListener('abort', onAbort)
      }
      const finish = (value: T | undefined) => {
        end()
        resolve(value)
      }
      const onAbort = () => {
        end()
        reject(signal?.reason)
      }
      const check = () => {
        const value = look()
        if (value !== undefined) finish(value)
      }
      const timer = setTimeout(() => finish(undefined), Math.min(deadlineMs, MAX_TIMER_MS))
      this.#waiters.add(check)
      signal?.addEventListener('abort', onAbort)
      if (signal?.aborted) onAbort()
      else check()
    })
  }
}

export interface Deadline {
  deadlineMs: number
  signal?: AbortSignal | undefined
}

/** The longest delay that setTimeout takes; it fires at once beyond it. */
export const MAX_TIMER_MS = 2 ** 31 - 1
