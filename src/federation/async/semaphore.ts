/**
 * Limits how many tasks run at a time. Waiting tasks are served in the order in which they came.
 */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Returns undefined when no slot came free within `waitMs`. */
  async whileHeld<T>(waitMs: number, use: () => Promise<T>): Promise<T | undefined> {
    if (!(await this.#take(waitMs))) return undefined
    try {
      return await use()
    } finally {
      this.#giveBack()
    }
  }

  #take(waitMs: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const onFree = () => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(onFree), 1)
        resolve(false)
      }, waitMs)
      this.#waiting.push(onFree)
    })
  }

  /** Gives the slot to the task that has waited longest. */
  #giveBack(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
