import type { TensorData } from '../../tensors/weights.js'

/**
 * The end of a model after its last linear layer, for one example: a loss of the layer's outputs
 * `z` against the targets. The definitions are those of the golden vectors
 * (test/fixtures/vectors/README.md).
 */
export interface Head {
  /** Number of targets of one example. */
  readonly targetWidth: number
  /**
   * Overwrites `z` with the gradient of the loss with respect to it. The example's targets begin at
   * `at`.
   */
  residual(z: Float64Array, targets: TensorData, at: number): void
  loss(z: Float64Array, targets: TensorData, at: number): number
  isRight(z: Float64Array, targets: TensorData, at: number): boolean
}

/**
 * Returns a head with half the squared distance, summed over the outputs. It classifies nothing.
 */
export function squaredHead(outputs: number): Head {
  return {
    targetWidth: outputs,
    residual: (z, targets, at) => {
      for (let k = 0; k < outputs; k++) z[k]! -= targets[at + k]!
    },
    loss: (z, targets, at) => {
      let sum = 0
      for (let k = 0; k < outputs; k++) sum += (z[k]! - targets[at + k]!) ** 2
      return sum / 2
    },
    isRight: () => false,
  }
}

/** Returns a head with the cross-entropy of softmax(z) and a class number. */
export function softmaxHead(outputs: number): Head {
  return {
    targetWidth: 1,
    residual: (z, targets, at) => {
      const shift = largest(z, outputs)
      let sum = 0
      for (let k = 0; k < outputs; k++) {
        z[k] = Math.exp(z[k]! - shift)
        sum += z[k]!
      }
      for (let k = 0; k < outputs; k++) z[k]! /= sum
      z[targets[at]!]! -= 1
    },
    loss: (z, targets, at) => {
      const shift = largest(z, outputs)
      let sum = 0
      for (let k = 0; k < outputs; k++) sum += Math.exp(z[k]! - shift)
      return Math.log(sum) + shift - z[targets[at]!]!
    },
    isRight: (z, targets, at) => {
      let best = 0
      for (let k = 1; k < outputs; k++) if (z[k]! > z[best]!) best = k
      return best === targets[at]
    },
  }
}

/** Returns a head with the binary cross-entropy of sigmoid(z) and a target of 0 or 1. */
export function logisticHead(): Head {
  return {
    targetWidth: 1,
    residual: (z, targets, at) => {
      z[0] = 1 / (1 + Math.exp(-z[0]!)) - targets[at]!
    },
    // This form of ln(1 + e^z) - y z does not overflow.
    loss: (z, targets, at) => Math.max(z[0]!, 0) + Math.log1p(Math.exp(-Math.abs(z[0]!))) - targets[at]! * z[0]!,
    isRight: (z, targets, at) => (z[0]! > 0 ? 1 : 0) === targets[at],
  }
}

function largest(z: Float64Array, outputs: number): number {
  let max = z[0]!
  for (let k = 1; k < outputs; k++) if (z[k]! > max) max = z[k]!
  return max
}
