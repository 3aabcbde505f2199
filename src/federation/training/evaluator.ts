import type { Weights } from '../tensors/weights.js'
import type { ModelChoice } from './model-choice.js'

export interface Evaluator {
  /**
   * Share of the 397 held-out digits that these weights classify rightly, 0 to 1. Needs about 100 KB beside the weights,
   * however large those are.
   */
  accuracy(weights: Weights): number
}

/** The evaluator of a job; undefined for `echo`, which learns nothing, and for which nothing is loaded. */
export async function createEvaluator(choice: ModelChoice): Promise<Evaluator | undefined> {
  if (choice.trainer === 'echo') return undefined
  const { createDigitsEvaluator } = await import('./digits/digits-evaluator.js')
  return createDigitsEvaluator(choice)
}
