/** The golden vectors: their shapes, and what they mean in the runtime's terms. See test/fixtures/vectors/README.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TensorSpec, TensorType, Weights } from '../../src/federation/tensors/weights.js'
import type { Examples } from '../../src/federation/training/examples.js'
import type { LocalTraining } from '../../src/federation/training/local-training.js'
import { createLinearModel } from '../../src/federation/training/models/linear-model.js'
import { logisticHead, softmaxHead, squaredHead } from '../../src/federation/training/models/loss.js'
import type { Model } from '../../src/federation/training/models/model.js'
import { createSgdTrainer } from '../../src/federation/training/sgd-trainer.js'
import type { Trainer } from '../../src/federation/training/trainer.js'

export type Numbers = Record<string, number[]>

export interface TrainingCase {
  id: string
  algorithm: string
  model: {
    kind: 'linear' | 'softmax' | 'logistic'
    features: number
    outputs: number
    l2: number
    tensors: { name: string; shape: number[] }[]
  }
  config: {
    rounds: number
    localSteps?: number
    epochs?: number
    batchSize?: number
    localLr: number
    serverLr?: number
    weighting?: 'examples' | 'uniform'
    minClients?: number
    schedule?: string[][]
    missing?: Record<string, string[]>
    option?: 'I' | 'II'
    order?: string[]
    orders?: string[][]
  }
  init: Numbers
  clients: { id: string; numExamples: number; x: number[][]; y: (number | number[])[] }[]
  expected: { rounds: ExpectedRound[] }
  tolerance: { float32: number; float64: number }
}

interface ExpectedRound {
  round: number
  committed: boolean
  weights: Numbers
  pooledLoss: number
  clients: Record<string, ExpectedClient>
  /** Of SCAFFOLD. */
  control: Numbers
  clientControls: Record<string, Numbers>
  /** Of Cyclic. */
  hops: { client: string; skipped?: boolean; steps?: number; weights?: Numbers }[]
}

/** SCAFFOLD's have all but the first two. */
interface ExpectedClient {
  accepted: boolean
  weight?: number
  steps?: number
  weights?: Numbers
  control: Numbers
  deltaWeights: Numbers
  deltaControl: Numbers
}

export interface AggregateCase {
  id: string
  tensors: { name: string; shape: number[] }[]
  config: {
    round: number
    selected: string[]
    minClients: number
    weighting?: 'examples' | 'uniform'
    serverLr?: number
  }
  current: Numbers
  submissions: {
    client: string
    round: number
    numExamples: number | string
    tensors: Record<string, { shape: number[]; data: (number | string)[] }>
    verdict: string
  }[]
  expected: { accepted: string[]; committed: boolean; weights: Numbers }
  tolerance: { float32: number; float64: number }
}

const folder = process.env.TIDEMARK_VECTORS ?? fileURLToPath(new URL('../../test/fixtures/vectors', import.meta.url))

/** The cases of one algorithm, in the order of the index. */
export function readCases<Case>(algorithm: string): Case[] {
  const index = readVector<{ cases: { algorithm: string; file: string }[] }>('index.json')
  return index.cases.filter((entry) => entry.algorithm === algorithm).map((entry) => readVector<Case>(entry.file))
}

/** One case, by its id. */
export function readCase<Case>(id: string): Case {
  const index = readVector<{ cases: { id: string; file: string }[] }>('index.json')
  return readVector<Case>(index.cases.find((entry) => entry.id === id)!.file)
}

function readVector<T>(file: string): T {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as T
}

export function specsOf(tensors: readonly { name: string; shape: number[] }[], dtype: TensorType): TensorSpec[] {
  return tensors.map(({ name, shape }) => ({ name, dtype, shape }))
}

export function weightsOf(
  specs: readonly TensorSpec[],
  numbers: Record<string, readonly (number | string)[]>,
): Weights {
  return {
    specs,
    data: specs.map((spec) => {
      const values = numbers[spec.name]!.map(Number)
      return spec.dtype === 'F32' ? Float32Array.from(values) : Float64Array.from(values)
    }),
  }
}

export function toleranceOf(golden: { tolerance: { float32: number; float64: number } }, dtype: TensorType): number {
  return dtype === 'F32' ? golden.tolerance.float32 : golden.tolerance.float64
}

export function examplesOf(clients: TrainingCase['clients']): Examples {
  return {
    count: clients.reduce((sum, client) => sum + client.numExamples, 0),
    features: Float64Array.from(clients.flatMap((client) => client.x.flat())),
    targets: Float64Array.from(clients.flatMap((client) => client.y.flat())),
  }
}

export function modelOf({ model: { kind, features, outputs } }: TrainingCase): Model {
  const heads = { linear: () => squaredHead(outputs), softmax: () => softmaxHead(outputs), logistic: logisticHead }
  return createLinearModel({ features, outputs, head: heads[kind]() })
}

export function trainerOf(golden: TrainingCase, clientId: string): Trainer {
  return createSgdTrainer(trainingOf(golden, clientId))
}

/** What a client of the case trains on, and how. */
export function trainingOf(golden: TrainingCase, clientId: string): LocalTraining {
  const { config, model, clients } = golden
  return {
    examples: examplesOf(clients.filter((client) => client.id === clientId)),
    createModel: () => modelOf(golden),
    localEpochs: config.epochs ?? 1,
    localSteps: config.localSteps ?? 0,
    batchSize: config.batchSize ?? 0,
    learningRate: config.localLr,
    l2: model.l2,
  }
}

/** The loss over all clients' examples together. */
export function pooledLoss(golden: TrainingCase, weights: Weights): number {
  const examples = examplesOf(golden.clients)
  const loss = modelOf(golden).sumLoss(weights.data, { examples, start: 0, end: examples.count }) / examples.count
  let squares = 0
  for (const data of weights.data) for (const value of data) squares += value * value
  return loss + (golden.model.l2 / 2) * squares
}
