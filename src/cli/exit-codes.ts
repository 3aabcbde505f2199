/** Exit codes that no error carries. The README lists all codes. */

/** Exit code of a `TargetError`. */
export const TARGET_FAILED = 3
export const NOT_AS_EXPECTED = 1
export const INCONCLUSIVE = 4

/** Returns the most urgent of several comparisons' exit codes. */
export function worstExit(exitCodes: readonly number[]): number {
  const order = [0, INCONCLUSIVE, NOT_AS_EXPECTED, TARGET_FAILED]
  const place = (code: number) => (order.includes(code) ? order.indexOf(code) : order.length)
  return exitCodes.reduce((worst, code) => (place(code) > place(worst) ? code : worst), 0)
}
