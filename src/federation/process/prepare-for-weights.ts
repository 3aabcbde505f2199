import { prepareKernels } from '../tensors/kernels/kernels.js'
import { readDirectly } from '../transport/split-connection/direct-socket.js'
import { optimiseAsUsual } from './v8-warm-up.js'

/**
 * Code that V8 optimises takes up to 3 MiB, and comes over the first rounds: beside such weights it does not show. And below, it
 * does not show how their bytes are read.
 */
const LARGE_BYTES = 32 * 2 ** 20

/**
 * Makes a role fast that is to handle weights of this size. Call it before its first round.
 *
 * Large ones come and go in thousands of pieces, each of which passes through some thirty functions of Node's: while those are
 * not optimised, they take more time than the copying.
 */
export function prepareForWeights(modelBytes: number): void {
  prepareKernels(modelBytes)
  if (modelBytes < LARGE_BYTES) return
  optimiseAsUsual()
  readDirectly()
}
