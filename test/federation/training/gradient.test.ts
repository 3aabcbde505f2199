import { describe, expect, it } from 'vitest'
import { tensorLength, type Weights } from '../../../src/federation/tensors/weights.js'
import type { Examples } from '../../../src/federation/training/examples.js'
import { createLinearModel } from '../../../src/federation/training/models/linear-model.js'
import { logisticHead, softmaxHead, squaredHead } from '../../../src/federation/training/models/loss.js'
import { createMlp } from '../../../src/federation/training/models/mlp.js'
import type { Model } from '../../../src/federation/training/models/model.js'
import { createRandom, type Random } from '../../../src/federation/training/random.js'
import { computeGradient } from '../../../src/federation/training/sgd.js'

const COUNT = 21

interface Case {
  model: Model
  shapes: number[][]
  features: number
  target(random: Random): number
  targetWidth: number
}

const cases: Record<string, Case> = {
  'linear regression': {
    model: createLinearModel({ features: 5, outputs: 3, head: squaredHead(3) }),
    shapes: [[5, 3], [3]],
    features: 5,
    target: (random) => random.nextShare() - 0.5,
    targetWidth: 3,
  },
  'softmax regression': {
    model: createLinearModel({ features: 5, outputs: 4, head: softmaxHead(4) }),
    shapes: [[5, 4], [4]],
    features: 5,
    target: (random) => random.nextIndex(4),
    targetWidth: 1,
  },
  'logistic regression': {
    model: createLinearModel({ features: 5, outputs: 1, head: logisticHead() }),
    shapes: [[5], [1]],
    features: 5,
    target: (random) => random.nextIndex(2),
    targetWidth: 1,
  },
  'an MLP': mlpCase(9),
  'an MLP wider than a block': mlpCase(1030),
}

function mlpCase(hidden: number): Case {
  return {
    model: createMlp({ features: 7, hidden, outputs: 3, head: softmaxHead(3) }),
    shapes: [[7, hidden], [hidden], [hidden, 3], [3]],
    features: 7,
    target: (random) => random.nextIndex(3),
    targetWidth: 1,
  }
}

describe.each(Object.entries(cases))('the gradient of %s', (_name, { model, shapes, ...sizes }) => {
  const random = createRandom(7, 'weights')
  const weights = drawWeights(shapes, random)
  const examples = drawExamples(sizes, random)

  // 21 examples make a full group of 16 and one of 5; batches of 1, 2 and 6 leave lanes of four empty.
  it.each([
    [0, 21],
    [3, 4],
    [5, 7],
    [10, 16],
  ])('agrees with numeric differences of the loss over examples %d to %d', (start, end) => {
    const batch = { examples, start, end }
    const l2 = 0.03
    const loss = () => model.sumLoss(weights.data, batch) / (end - start) + (l2 / 2) * squaredNorm(weights)
    const gradient = weights.specs.map((spec) => new Float64Array(tensorLength(spec)))
    computeGradient(gradient, model, weights, batch, l2)
    weights.data.forEach((values, tensor) => {
      for (let at = 0; at < values.length; at += Math.ceil(values.length / 23)) {
        const difference = centralDifference(values, at, loss)
        expect(Math.abs(gradient[tensor]![at]! - difference), `tensor ${tensor} at ${at}`).toBeLessThan(1e-7)
      }
    })
  })

  it('does not depend on what the array held before', () => {
    const batch = { examples, start: 0, end: COUNT }
    const fresh = weights.specs.map((spec) => new Float64Array(tensorLength(spec)))
    const used = fresh.map((tensor) => tensor.map(() => 42))
    computeGradient(fresh, model, weights, batch)
    computeGradient(used, model, weights, batch)
    expect(used).toEqual(fresh)
  })
})

function drawWeights(shapes: number[][], random: Random): Weights {
  const specs = shapes.map((shape, index) => ({ name: `t${index}`, dtype: 'F64' as const, shape }))
  return {
    specs,
    data: specs.map((spec) => new Float64Array(tensorLength(spec)).map(() => 2 * random.nextShare() - 1)),
  }
}

/** A third of the features are zero, as in the digits. */
function drawExamples(from: Omit<Case, 'model' | 'shapes'>, random: Random): Examples {
  const draw = () => Math.max(0, 1.5 * random.nextShare() - 0.5)
  return {
    count: COUNT,
    features: new Float64Array(COUNT * from.features).map(draw),
    targets: new Float64Array(COUNT * from.targetWidth).map(() => from.target(random)),
  }
}

function centralDifference(values: Float32Array | Float64Array, at: number, loss: () => number): number {
  const step = 1e-5
  const kept = values[at]!
  values[at] = kept + step
  const above = loss()
  values[at] = kept - step
  const below = loss()
  values[at] = kept
  return (above - below) / (2 * step)
}

function squaredNorm(weights: Weights): number {
  return weights.data.reduce((sum, tensor) => sum + sumOfSquares(tensor), 0)
}

function sumOfSquares(values: Float32Array | Float64Array): number {
  let sum = 0
  for (const value of values) sum += value * value
  return sum
}
