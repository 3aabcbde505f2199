/** Weights that break a rule, from good ones; those are left as they are. */
import type { Weights } from '../../src/federation/tensors/weights.js'

export function withNaN({ specs, data }: Weights): Weights {
  const spoilt = data.map((tensor) => tensor.slice())
  spoilt.at(-1)![1] = Number.NaN
  return { specs, data: spoilt }
}

/** As many numbers in each tensor, in one dimension more. */
export function misshapen({ specs, data }: Weights): Weights {
  return { specs: specs.map((spec) => ({ ...spec, shape: [1, ...spec.shape] })), data }
}

export function withoutLast({ specs, data }: Weights): Weights {
  return { specs: specs.slice(0, -1), data: data.slice(0, -1) }
}

/** Good weights of the right shape, and other ones. */
export function twice({ specs, data }: Weights): Weights {
  return { specs, data: data.map((tensor) => tensor.map((value) => 2 * value) as typeof tensor) }
}
