import { expect, it } from 'vitest'
import type { Weights } from '../../../src/federation/tensors/weights.js'
import { createLinearModel } from '../../../src/federation/training/models/linear-model.js'
import { squaredHead } from '../../../src/federation/training/models/loss.js'
import { computeGradient, sgdSteps, stepsOfEpochs } from '../../../src/federation/training/sgd.js'

const model = createLinearModel({ features: 2, outputs: 1, head: squaredHead(1) })
const examples = {
  count: 3,
  features: Float64Array.of(1, 2, -1, 0.5, 0.25, 3),
  targets: Float64Array.of(1, 0, 2),
}
const start = (): Weights => ({
  specs: [
    { name: 'W', dtype: 'F64', shape: [2, 1] },
    { name: 'b', dtype: 'F64', shape: [1] },
  ],
  data: [Float64Array.of(0.5, -0.5), Float64Array.of(0.1)],
})

it.each([
  [1, 10, 4, 3],
  [2, 10, 4, 6],
  [5, 10, 0, 5],
  [1, 8, 8, 1],
  [3, 0, 4, 0],
])('%d epochs over %d examples in batches of %d are %d steps', (epochs, count, batchSize, steps) => {
  expect(stepsOfEpochs(epochs, count, batchSize)).toBe(steps)
})

it('a step goes down the gradient of the mean loss', async () => {
  const gradient = [new Float64Array(2), new Float64Array(1)]
  computeGradient(gradient, model, start(), { examples, start: 0, end: 3 })
  const weights = start()
  await sgdSteps(model, weights, examples, { steps: 1, batchSize: 0, learningRate: 0.1 })
  expect(weights.data[0]![0]).toBeCloseTo(0.5 - 0.1 * gradient[0]![0]!, 14)
  expect(weights.data[1]![0]).toBeCloseTo(0.1 - 0.1 * gradient[1]![0]!, 14)
})

it('a correction is added to the gradient of every step, so that its opposite holds the weights in place', async () => {
  const gradient = [new Float64Array(2), new Float64Array(1)]
  computeGradient(gradient, model, start(), { examples, start: 0, end: 3 })
  const correction = gradient.map((tensor) => tensor.map((value) => -value))
  const weights = start()
  await sgdSteps(model, weights, examples, { steps: 5, batchSize: 0, learningRate: 0.1, correction })
  expect(weights).toEqual(start())
})

it('batches follow one another in stored order, from the first one asked for', async () => {
  const separate = start()
  await sgdSteps(model, separate, examples, { steps: 1, batchSize: 2, learningRate: 0.1 })
  await sgdSteps(model, separate, examples, { steps: 2, batchSize: 2, learningRate: 0.1, firstBatch: 1 })
  const together = start()
  await sgdSteps(model, together, examples, { steps: 3, batchSize: 2, learningRate: 0.1 })
  expect(separate).toEqual(together)
})
