import type { Weights } from '../../src/federation/tensors/weights.js'
import type { Examples } from '../../src/federation/training/examples.js'
import { createLinearModel } from '../../src/federation/training/models/linear-model.js'
import { softmaxHead } from '../../src/federation/training/models/loss.js'
import type { Model } from '../../src/federation/training/models/model.js'

/** Softmax regression over ten classes, from zero, and what it is tested on. */
export interface Problem {
  createModel: () => Model
  zeroWeights: () => Weights
  test: Examples
}

const CLASSES = 10

export function softmaxProblem(features: number, test: Examples): Problem {
  return {
    createModel: () => createLinearModel({ features, outputs: CLASSES, head: softmaxHead(CLASSES) }),
    zeroWeights: () => ({
      specs: [
        { name: 'output/weight', dtype: 'F32', shape: [features, CLASSES] },
        { name: 'output/bias', dtype: 'F32', shape: [CLASSES] },
      ],
      data: [new Float32Array(features * CLASSES), new Float32Array(CLASSES)],
    }),
    test,
  }
}

/** Share of the examples that are classified rightly. */
export function accuracyOf({ data }: Weights, { createModel, test }: Pick<Problem, 'createModel' | 'test'>): number {
  return createModel().countRight(data, { examples: test, start: 0, end: test.count }) / test.count
}
