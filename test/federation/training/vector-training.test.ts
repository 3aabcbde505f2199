import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { TensorType, Weights } from '../../../src/federation/tensors/weights.js'
import { createLinearModel } from '../../../src/federation/training/models/linear-model.js'
import { logisticHead, softmaxHead, squaredHead } from '../../../src/federation/training/models/loss.js'
import { createSgdTrainer } from '../../../src/federation/training/sgd-trainer.js'

/** The clients' part of the golden vectors alone: what each one makes of the weights that it is sent. */
interface TrainingCase {
  model: { kind: 'linear' | 'softmax' | 'logistic'; features: number; outputs: number; l2: number; tensors: Shape[] }
  init: Tensors
  clients: { id: string; numExamples: number; x: number[][]; y: (number | number[])[] }[]
  config: { localSteps?: number; batchSize?: number; epochs?: number; localLr: number }
  expected: { rounds: { weights: Tensors; clients: Record<string, { weights?: Tensors; steps?: number }> }[] }
  tolerance: Record<'float32' | 'float64', number>
}
interface Shape {
  name: string
  shape: number[]
}
type Tensors = Record<string, number[]>

const folder = new URL('../../fixtures/vectors/', import.meta.url)
const files = readdirSync(folder).filter((file) => file.startsWith('fedavg-'))

describe.each(files)('%s', (file) => {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as TrainingCase

  it.each([
    ['F64', vectors.tolerance.float64],
    ['F32', vectors.tolerance.float32],
  ] as const)('every client sends the weights of the vectors, in %s', async (dtype, tolerance) => {
    let sent = vectors.init
    let compared = 0
    for (const round of vectors.expected.rounds) {
      for (const [id, expected] of Object.entries(round.clients)) {
        if (expected.weights === undefined) continue
        const result = await trainerOf(vectors, id, dtype).train(weightsOf(vectors, sent, dtype), 1)
        expect(result.steps).toBe(expected.steps)
        expect(largestError(result.weights, expected.weights)).toBeLessThan(tolerance)
        compared++
      }
      sent = round.weights
    }
    expect(compared).toBeGreaterThan(0)
  })
})

function trainerOf({ model, clients, config }: TrainingCase, id: string, dtype: TensorType) {
  const client = clients.find((each) => each.id === id)!
  const head = { linear: squaredHead, softmax: softmaxHead, logistic: logisticHead }[model.kind](model.outputs)
  return createSgdTrainer({
    examples: {
      count: client.numExamples,
      features: room(dtype, client.x.flat()),
      targets: room(dtype, client.y.flat()),
    },
    createModel: () => createLinearModel({ features: model.features, outputs: model.outputs, head }),
    localEpochs: config.epochs ?? 1,
    localSteps: config.localSteps ?? 0,
    batchSize: config.batchSize ?? 0,
    learningRate: config.localLr,
    l2: model.l2,
  })
}

function weightsOf({ model }: TrainingCase, values: Tensors, dtype: TensorType): Weights {
  return {
    specs: model.tensors.map(({ name, shape }) => ({ name, shape, dtype })),
    data: model.tensors.map(({ name }) => room(dtype, values[name]!)),
  }
}

function room(dtype: TensorType, values: number[]) {
  return dtype === 'F32' ? Float32Array.from(values) : Float64Array.from(values)
}

function largestError(found: Weights, expected: Tensors): number {
  const errors = found.specs.flatMap(({ name }, tensor) =>
    expected[name]!.map((value, at) => Math.abs(found.data[tensor]![at]! - value) / Math.max(1, Math.abs(value))),
  )
  return Math.max(...errors)
}
