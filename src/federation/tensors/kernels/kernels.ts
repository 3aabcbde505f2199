import { kernelsInC } from './in-c.js'
import { kernelsInJavaScript } from './in-javascript.js'
import type { Kernels } from './kernel-set.js'

/** Below this a role's weights are not worth a library: 4 MB of RSS, and a moment of the compiler where it is not built yet. */
const WORTH_BYTES = 2 ** 20

let chosen = kernelsInJavaScript

export function kernels(): Kernels {
  return chosen
}

/** From here on this process uses the faster ones, where they can be had and its weights are large enough. Call it before the first round. */
export function prepareKernels(modelBytes: number): void {
  if (modelBytes >= WORTH_BYTES) chosen = kernelsInC() ?? kernelsInJavaScript
}
