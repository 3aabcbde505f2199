/** Lets so many do something at a time; the others wait in the order in which they came. */
export class Semaphore {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Undefined when none came free within `waitMs`. */
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

  /** The slot goes to who has waited longest. */
  #giveBack(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}
