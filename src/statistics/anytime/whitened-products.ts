/**
 * Inner product of two columns under noise with a lag-1 correlation, updated in constant time per
 * row; generalised least squares need it. With the precision matrix of an AR(1) process, times the
 * variance of its innovations, the product is sum a_i b_i - rho (sum a_i b_i-1 + b_i a_i-1) + rho²
 * (sum over all but the first and the last of a_i b_i).
 */
class RunningProduct {
  #plain = 0
  #lagged = 0
  #first = 0
  #last = 0
  #beforeA = 0
  #beforeB = 0
  #rows = 0

  add(a: number, b: number): void {
    this.#last = a * b
    this.#plain += this.#last
    if (this.#rows === 0) this.#first = this.#last
    else this.#lagged += a * this.#beforeB + b * this.#beforeA
    this.#beforeA = a
    this.#beforeB = b
    this.#rows++
  }

  whitened(rho: number): number {
    const inner = this.#rows < 2 ? 0 : this.#plain - this.#first - this.#last
    return this.#plain - rho * this.#lagged + rho * rho * inner
  }
}

/**
 * Products of a straight line that remain after the level, and the warm-up where there is one, are
 * projected out.
 */
export interface ReducedProducts {
  /**
   * Products of the row number with itself, of the row number with the values, and of the values
   * with themselves.
   */
  sxx: number
  sxy: number
  syy: number
  /** Log determinant of the products of the columns that were projected out. */
  logDeterminant: number
}

interface WarmUpProducts {
  /** Factor by which one more row multiplies the warm-up. */
  decay: number
  value: number
  one: RunningProduct
  self: RunningProduct
  row: RunningProduct
  values: RunningProduct
}

/**
 * Products of level, row number, exponential warm-ups and values of a series that is added value by
 * value.
 */
export class WhitenedProducts {
  readonly #level = new RunningProduct()
  readonly #levelRow = new RunningProduct()
  readonly #rowRow = new RunningProduct()
  readonly #levelValue = new RunningProduct()
  readonly #rowValue = new RunningProduct()
  readonly #valueValue = new RunningProduct()
  readonly #warmUps = new Map<number, WarmUpProducts>()
  #rows = 0

  /** @param timeConstants time constants of the warm-ups, in rows */
  constructor(timeConstants: readonly number[]) {
    for (const tau of timeConstants)
      this.#warmUps.set(tau, {
        decay: Math.exp(-1 / tau),
        value: 1,
        one: new RunningProduct(),
        self: new RunningProduct(),
        row: new RunningProduct(),
        values: new RunningProduct(),
      })
  }

  get rows(): number {
    return this.#rows
  }

  add(value: number): void {
    const row = this.#rows
    this.#level.add(1, 1)
    this.#levelRow.add(1, row)
    this.#rowRow.add(row, row)
    this.#levelValue.add(1, value)
    this.#rowValue.add(row, value)
    this.#valueValue.add(value, value)
    for (const warmUp of this.#warmUps.values()) {
      warmUp.one.add(1, warmUp.value)
      warmUp.self.add(warmUp.value, warmUp.value)
      warmUp.row.add(warmUp.value, row)
      warmUp.values.add(warmUp.value, value)
      warmUp.value *= warmUp.decay
    }
    this.#rows++
  }

  /** @param tau time constant of the warm-up to project out, one of those given; null: none */
  reduced(rho: number, tau: number | null): ReducedProducts {
    const level = this.#level.whitened(rho)
    const levelRow = this.#levelRow.whitened(rho)
    const levelValue = this.#levelValue.whitened(rho)
    const sxx = this.#rowRow.whitened(rho) - levelRow ** 2 / level
    const sxy = this.#rowValue.whitened(rho) - (levelRow * levelValue) / level
    const syy = this.#valueValue.whitened(rho) - levelValue ** 2 / level
    if (tau === null) return { sxx: Math.max(sxx, TINY), sxy, syy, logDeterminant: Math.log(level) }
    const warmUp = this.#warmUps.get(tau)!
    const levelWarm = warmUp.one.whitened(rho)
    const warm = Math.max(warmUp.self.whitened(rho) - levelWarm ** 2 / level, TINIEST)
    const warmRow = warmUp.row.whitened(rho) - (levelWarm * levelRow) / level
    const warmValue = warmUp.values.whitened(rho) - (levelWarm * levelValue) / level
    return {
      sxx: Math.max(sxx - warmRow ** 2 / warm, TINY),
      sxy: sxy - (warmRow * warmValue) / warm,
      syy: syy - warmValue ** 2 / warm,
      logDeterminant: Math.log(level) + Math.log(warm),
    }
  }

  /**
   * Returns the whitened centre of the rows and the value of the level there. A line goes through
   * both.
   */
  centre(rho: number): { row: number; value: number; weight: number } {
    const weight = this.#level.whitened(rho)
    return { row: this.#levelRow.whitened(rho) / weight, value: this.#levelValue.whitened(rho) / weight, weight }
  }
}

/** Keeps divisions finite with few rows. */
const TINY = 1e-9
const TINIEST = 1e-12
