/** Codes that no error carries; all of them are listed in the README. */

/** Of a `TargetError`. */
export const TARGET_FAILED = 3
export const NOT_AS_EXPECTED = 1
export const INCONCLUSIVE = 4

/** Of several comparisons: the one that a reader must hear of first. */
export function worstExit(exitCodes: readonly number[]): number {
  const order = [0, INCONCLUSIVE, NOT_AS_EXPECTED, TARGET_FAILED]
  const place = (code: number) => (order.includes(code) ? order.indexOf(code) : order.length)
  return exitCodes.reduce((worst, code) => (place(code) > place(worst) ? code : worst), 0)
}
