import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bytesOf, type Weights, weightsBytes } from '../../../src/federation/tensors/weights.js'
import { createEvaluator } from '../../../src/federation/training/create-evaluator.js'
import { createTrainer } from '../../../src/federation/training/create-trainer.js'
import { initialWeights } from '../../../src/federation/training/initial-weights.js'
import { modelSpecs } from '../../../src/federation/training/models/model-choice.js'
import type { TrainingSettings } from '../../../src/federation/training/trainer.js'
import { jobOptions, trainingOptions } from '../../../src/options/federation.js'
import { serverOptions } from '../../../src/options/roles.js'
import { defaultValues } from '../../../src/options/types/spec.js'

const defaults = { ...defaultValues(serverOptions), ...defaultValues(jobOptions), ...defaultValues(trainingOptions) }
/** Pinned, so that what is learnt here does not hang on the defaults of the command line. */
const small = {
  ...defaults,
  modelSize: 100_000,
  localSteps: 0,
  localEpochs: 1,
  batchSize: 16,
  localLearningRate: 0.1,
}
const alone = { index: 0, clients: 1 }

describe('the size of a model', () => {
  it.each([20_000, 1_000_000, 50_000_000, 104_857_600])(
    'of %d bytes is met by an MLP to half a hidden unit',
    (size) => {
      const bytes = weightsBytes(modelSpecs({ ...defaults, modelSize: size }))
      expect(Math.abs(bytes - size)).toBeLessThanOrEqual(150)
    },
  )

  it.each([1024, 819_200, 819_204, 104_857_600, 1_000_003])('of %d bytes is met by echo weights to 4 bytes', (size) => {
    const specs = modelSpecs({ ...defaults, trainer: 'echo', modelSize: size })
    expect(weightsBytes(specs)).toBe(size - (size % 4))
    expect(specs.slice(0, -1).every(({ shape }) => shape[0] === 204_800)).toBe(true)
    expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length)
  })

  it('is 650 weights for softmax regression, whatever was asked', () => {
    expect(weightsBytes(modelSpecs({ ...defaults, model: 'softmax' }))).toBe(650 * 4)
  })
})

describe('initial weights', () => {
  it('are the same bits for a seed everywhere', () => {
    expect(digestOf(initialWeights(small, 1))).toBe('522c8c37529848bf')
    expect(digestOf(initialWeights(small, 2))).not.toBe(digestOf(initialWeights(small, 1)))
  })

  it('spread evenly over their range, biases zero', () => {
    const [hidden, bias] = initialWeights(small, 1).data
    const limit = Math.sqrt(6 / 64)
    expect(Math.max(...hidden!)).toBeCloseTo(limit, 3)
    expect(Math.min(...hidden!)).toBeCloseTo(-limit, 3)
    expect(Math.abs(Array.from(hidden!).reduce((sum, value) => sum + value, 0) / hidden!.length)).toBeLessThan(
      0.01 * limit,
    )
    expect(bias!.every((value) => value === 0)).toBe(true)
  })
})

describe('local training', () => {
  it('of the MLP classifies more than nine in ten of the held-out digits after four epochs', async () => {
    const { accuracy, weights } = await trainRounds(small, 4)
    expect(accuracy[0]).toBeLessThan(0.3)
    expect(accuracy.at(-1)).toBeGreaterThan(0.9)
    expect(weights.data.every((tensor) => tensor.every(Number.isFinite))).toBe(true)
  })

  it('of softmax regression does too, in eight', async () => {
    expect((await trainRounds({ ...small, model: 'softmax' }, 8)).accuracy.at(-1)).toBeGreaterThan(0.9)
  })

  it('of a model forty times as wide learns with the same learning rate', async () => {
    const settings = { ...small, modelSize: 4_000_000, localSteps: 40 }
    expect((await trainRounds(settings, 1)).accuracy.at(-1)).toBeGreaterThan(0.8)
  })

  it('gives the same bits twice, and overwrites what it was given', async () => {
    const results = [await trainRounds(small, 1), await trainRounds(small, 1)]
    expect(digestOf(results[0]!.weights)).toBe(digestOf(results[1]!.weights))
    const trainer = await createTrainer(small, alone)
    const given = initialWeights(small, 1)
    expect((await trainer.train(given, 1)).weights.data[0]).toBe(given.data[0])
  })

  it('continues where the last round stopped when a round has fewer steps than a pass', async () => {
    const settings = { ...small, localSteps: 22, modelSize: 20_000 }
    // 700 examples are 44 batches: two rounds of 22 steps make the pass of one epoch.
    const halves = await trainRounds(settings, 2, { index: 0, clients: 2 })
    const epoch = await trainRounds({ ...settings, localSteps: 0 }, 1, { index: 0, clients: 2 })
    expect(digestOf(halves.weights)).toBe(digestOf(epoch.weights))
  })

  it('of a client without data leaves the weights alone and makes no step', async () => {
    const trainer = await createTrainer({ ...small, split: 'iid' }, { index: 0, clients: 2000 })
    const before = digestOf(initialWeights(small, 1))
    const { steps, numExamples, weights } = await trainer.train(initialWeights(small, 1), 1)
    expect([steps, numExamples, digestOf(weights)]).toEqual([0, 0, before])
  })
})

it('echo sends back the very arrays that it was sent, and is evaluated by no one', async () => {
  const settings: TrainingSettings = { ...small, trainer: 'echo' }
  const trainer = await createTrainer(settings, alone)
  const weights = initialWeights(settings, 1)
  const result = await trainer.train(weights, 1)
  expect(result).toEqual({ weights, numExamples: 1, steps: 0 })
  expect(result.weights.data[0]).toBe(weights.data[0])
  expect(await createEvaluator(settings)).toBeUndefined()
})

async function trainRounds(settings: TrainingSettings, rounds: number, place = alone) {
  const evaluator = (await createEvaluator(settings))!
  const trainer = await createTrainer(settings, place)
  let weights = initialWeights(settings, settings.seed)
  const accuracy = [evaluator.accuracy(weights)]
  for (let round = 1; round <= rounds; round++) {
    weights = (await trainer.train(weights, round)).weights
    accuracy.push(evaluator.accuracy(weights))
  }
  return { weights, accuracy }
}

function digestOf(weights: Weights): string {
  const hash = createHash('sha256')
  for (const tensor of weights.data) hash.update(bytesOf(tensor))
  return hash.digest('hex').slice(0, 16)
}
