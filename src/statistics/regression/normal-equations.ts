/** Result of least squares, from the matrix of all products of the columns [X | y]. */
export interface LeastSquares {
  /** One for each column of X. */
  coefficients: number[]
  /** Residual sum of squares. */
  residual: number
  /** Logarithm of the determinant of X'X. */
  logDeterminant: number
  /**
   * Diagonal of the inverse of X'X: the variance of each coefficient divided by that of the noise.
   */
  variances: number[]
}

/**
 * Solves the normal equations by Cholesky's decomposition. The last row and column of the matrix
 * belong to y. Golub and Van Loan (2013), Matrix Computations, 4th ed., section 5.3.
 *
 * @param products symmetric, row by row, of size columns + 1; overwritten
 * @returns undefined where the columns of X are (nearly) dependent
 */
export function solveNormalEquations(products: number[], columns: number): LeastSquares | undefined {
  const residual = residualOf(products, columns)
  if (residual === undefined) return undefined
  const size = columns + 1
  let logDeterminant = 0
  for (let i = 0; i < columns; i++) logDeterminant += 2 * Math.log(products[i * size + i]!)
  return {
    coefficients: backSubstitute(products, columns),
    residual,
    logDeterminant,
    variances: inverseDiagonal(products, columns),
  }
}

/**
 * Returns the residual sum of squares alone, and leaves Cholesky's factor in the lower half of
 * `products`.
 */
export function residualOf(products: number[], columns: number): number | undefined {
  const size = columns + 1
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const given = products[i * size + j]!
      let sum = given
      for (let l = 0; l < j; l++) sum -= products[i * size + l]! * products[j * size + l]!
      if (i !== j) products[i * size + j] = sum / products[j * size + j]!
      else if (i === columns) return Math.max(0, sum)
      else if (sum > given * DEPENDENT) products[i * size + i] = Math.sqrt(sum)
      else return undefined
    }
  }
  return undefined
}

/**
 * Minimum share of a column's square that must remain after the columns before it are projected
 * out.
 */
const DEPENDENT = 1e-10

function backSubstitute(root: readonly number[], columns: number): number[] {
  const size = columns + 1
  const solution = new Array<number>(columns)
  for (let i = columns - 1; i >= 0; i--) {
    let sum = root[columns * size + i]!
    for (let l = i + 1; l < columns; l++) sum -= root[l * size + i]! * solution[l]!
    solution[i] = sum / root[i * size + i]!
  }
  return solution
}

function inverseDiagonal(root: readonly number[], columns: number): number[] {
  const size = columns + 1
  const diagonal = new Array<number>(columns).fill(0)
  const inverse = new Array<number>(columns).fill(0)
  for (let j = 0; j < columns; j++) {
    for (let i = j; i < columns; i++) {
      let sum = i === j ? 1 : 0
      for (let l = j; l < i; l++) sum -= root[i * size + l]! * inverse[l]!
      inverse[i] = sum / root[i * size + i]!
      diagonal[j]! += inverse[i]! ** 2
    }
  }
  return diagonal
}
