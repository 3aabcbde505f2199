import { setImmediate as nextTurn } from 'node:timers/promises'
import { allocateTensor, type TensorData, type Weights } from '../tensors/weights.js'
import type { Examples } from './examples.js'
import type { Model } from './models/model.js'

/** Local training: gradient steps over consecutive batches in stored order, without shuffling. */
export interface SgdPlan {
  /** K, the number of steps. See {@link stepsOfEpochs}. */
  steps: number
  /** Examples a step; the last batch of a pass may be smaller. 0 takes all of them at once. */
  batchSize: number
  learningRate: number
  /** Every gradient gets `l2` times the weights, biases too. 0 when left out. */
  l2?: number
  /** The batch of the first step, counted on over the passes. 0 when left out. */
  firstBatch?: number
  /**
   * Added to the gradient in each step, for example SCAFFOLD's c - c_i. In the order of the
   * weights' specs.
   */
  correction?: readonly TensorData[]
  /**
   * Called with each gradient before its step, to add what depends on the weights of the moment:
   * `weights` are those.
   */
  adjust?: ((gradient: readonly TensorData[], weights: readonly TensorData[]) => void) | undefined
  /** Room for one gradient, where the caller has it; its values are overwritten. */
  room?: TensorData[]
  /** Ends the training between two steps, with an AbortError. */
  signal?: AbortSignal | undefined
}

/**
 * Makes `plan.steps` gradient steps from `weights`, in place: y <- y - learningRate * (g(y) +
 * correction).
 *
 * Room for one gradient is allocated, unless it is given, and nothing more. The event loop gets a
 * turn after each step, so that signals and the connection are looked after.
 */
export async function sgdSteps(model: Model, weights: Weights, examples: Examples, plan: SgdPlan): Promise<void> {
  if (examples.count === 0) return
  const gradient = plan.room ?? weights.specs.map(allocateTensor)
  const batches = batchesOf(examples.count, plan.batchSize)
  for (let step = 0; step < plan.steps; step++) {
    const batch = batches.at(((plan.firstBatch ?? 0) + step) % batches.length)!
    computeGradient(gradient, model, weights, { examples, ...batch }, plan.l2)
    plan.adjust?.(gradient, weights.data)
    descend(weights.data, gradient, plan)
    await nextTurn(undefined, plan.signal === undefined ? {} : { signal: plan.signal })
  }
}

/** K of a number of passes over the data: epochs x ceil(examples / batchSize). */
export function stepsOfEpochs(epochs: number, count: number, batchSize: number): number {
  return epochs * batchesOf(count, batchSize).length
}

/** Overwrites `gradient` by the gradient of the mean loss over a batch, the l2 term included. */
export function computeGradient(
  gradient: readonly TensorData[],
  model: Model,
  weights: Weights,
  batch: { examples: Examples; start: number; end: number },
  l2 = 0,
): void {
  for (const tensor of gradient) tensor.fill(0)
  model.addGradient(gradient, weights.data, batch, 1 / (batch.end - batch.start))
  if (l2 === 0) return
  gradient.forEach((tensor, index) => {
    const values = weights.data[index]!
    for (let i = 0; i < tensor.length; i++) tensor[i]! += l2 * values[i]!
  })
}

function descend(weights: readonly TensorData[], gradient: readonly TensorData[], plan: SgdPlan): void {
  const { learningRate, correction } = plan
  weights.forEach((values, index) => {
    const slope = gradient[index]!
    const extra = correction?.[index]
    if (extra) for (let i = 0; i < values.length; i++) values[i]! -= learningRate * (slope[i]! + extra[i]!)
    else for (let i = 0; i < values.length; i++) values[i]! -= learningRate * slope[i]!
  })
}

function batchesOf(count: number, batchSize: number): { start: number; end: number }[] {
  const size = batchSize === 0 ? Math.max(1, count) : batchSize
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => ({
    start: index * size,
    end: Math.min((index + 1) * size, count),
  }))
}
