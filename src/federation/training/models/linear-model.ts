import type { TensorData } from '../../tensors/weights.js'
import type { Head } from './loss.js'
import type { Batch, Model } from './model.js'

/**
 * One linear layer, z = x W + b, under any head: linear, softmax and logistic regression. The
 * tensors are W [features, outputs] and b [outputs].
 */
export function createLinearModel({
  features,
  outputs,
  head,
}: {
  features: number
  outputs: number
  head: Head
}): Model {
  const z = new Float64Array(outputs)

  const apply = (weights: readonly TensorData[], x: TensorData, at: number): void => {
    const [matrix, bias] = weights as [TensorData, TensorData]
    for (let k = 0; k < outputs; k++) z[k] = bias[k]!
    for (let i = 0; i < features; i++) {
      const value = x[at + i]!
      for (let k = 0, w = i * outputs; k < outputs; k++, w++) z[k]! += value * matrix[w]!
    }
  }

  const sumOver = (weights: readonly TensorData[], batch: Batch, of: (targets: TensorData, at: number) => number) => {
    let sum = 0
    for (let example = batch.start; example < batch.end; example++) {
      apply(weights, batch.examples.features, example * features)
      sum += of(batch.examples.targets, example * head.targetWidth)
    }
    return sum
  }

  return {
    addGradient: ([matrix, bias], weights, { examples, start, end }, scale) => {
      for (let example = start; example < end; example++) {
        apply(weights, examples.features, example * features)
        head.residual(z, examples.targets, example * head.targetWidth)
        for (let k = 0; k < outputs; k++) {
          z[k]! *= scale
          bias![k]! += z[k]!
        }
        for (let i = 0; i < features; i++) {
          const value = examples.features[example * features + i]!
          for (let k = 0, w = i * outputs; k < outputs; k++, w++) matrix![w]! += value * z[k]!
        }
      }
    },
    sumLoss: (weights, batch) => sumOver(weights, batch, (targets, at) => head.loss(z, targets, at)),
    countRight: (weights, batch) => sumOver(weights, batch, (targets, at) => (head.isRight(z, targets, at) ? 1 : 0)),
  }
}
