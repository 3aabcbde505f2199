import { type LeastSquares, residualOf, solveNormalEquations } from './normal-equations.js'

/**
 * Linear regression whose noise is correlated from one round to the next: y = Xb + u, u(t) = rho
 * u(t-1) + e(t), stationary. Generalised least squares with the first observation kept: Prais and
 * Winsten (1954), Cowles Commission Discussion Paper 383. Reference values: SciPy `linalg.lstsq` on
 * the whitened columns.
 *
 * For one rho the products of the whitened columns are S0 - rho S1 + rho² S2. The three sums are
 * therefore formed once, and every further rho costs only the solution of a small system.
 */
export class AutoregressiveRegression {
  readonly rounds: number
  readonly columns: number
  readonly #plain: number[] = []
  readonly #lagged: number[] = []
  readonly #inner: number[] = []
  /** Scratch matrix, overwritten by every fit. */
  readonly #scratch: number[] = []

  /** @param columns columns of X, each as long as y */
  constructor(columns: readonly (readonly number[])[], y: readonly number[]) {
    this.rounds = y.length
    this.columns = columns.length
    const all = [...columns, y]
    for (const [i, a] of all.entries()) {
      // Only the lower half is read; the upper half is filled to keep the indices.
      for (const [j, b] of all.entries()) this.#addProducts(a, j > i ? NOTHING : b)
    }
  }

  /** @param rho from 0 to below 1 */
  fit(rho: number): LeastSquares | undefined {
    return solveNormalEquations(this.#whitened(rho), this.columns)
  }

  /** Returns the residual sum of squares of {@link fit}, without the rest. */
  residual(rho: number): number | undefined {
    return residualOf(this.#whitened(rho), this.columns)
  }

  #whitened(rho: number): number[] {
    const products = this.#scratch
    for (let i = 0; i < this.#plain.length; i++)
      products[i] = this.#plain[i]! - rho * this.#lagged[i]! + rho * rho * this.#inner[i]!
    return products
  }

  #addProducts(a: readonly number[], b: readonly number[]): void {
    const last = b.length - 1
    let plain = 0
    let lagged = 0
    let beforeA = 0
    let beforeB = 0
    for (let t = 0; t <= last; t++) {
      const atA = a[t]!
      const atB = b[t]!
      plain += atA * atB
      lagged += atA * beforeB + beforeA * atB
      beforeA = atA
      beforeB = atB
    }
    this.#plain.push(plain)
    this.#lagged.push(lagged)
    this.#inner.push(last < 1 ? 0 : plain - a[0]! * b[0]! - a[last]! * b[last]!)
  }
}

const NOTHING: readonly number[] = []
