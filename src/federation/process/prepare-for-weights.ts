import { optimiseAsUsual } from './v8-warm-up.js'

/**
 * Code that V8 optimises takes up to 3 MiB over the first rounds, which does not show beside
 * weights of this size.
 */
const LARGE_BYTES = 32 * 2 ** 20

/**
 * Makes a role fast that handles weights of this size. Call it before its first round.
 *
 * Large weights pass in thousands of pieces, each through some thirty functions of Node's.
 * Unoptimised, those take more time than the copying.
 *
 * @param modelBytes one full set of weights
 */
export function prepareForWeights(modelBytes: number): void {
  if (modelBytes >= LARGE_BYTES) optimiseAsUsual()
}
