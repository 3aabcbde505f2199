import type { Evaluator } from './evaluator.js'
import type { ModelChoice } from './models/model-choice.js'
/** Returns the evaluator of a job; undefined for `echo`, which trains nothing and loads nothing. */
export async function createEvaluator(choice: ModelChoice): Promise<Evaluator | undefined> {
  if (choice.trainer === 'echo') return undefined
  const { createDigitsEvaluator } = await import('./digits/digits-evaluator.js')
  return createDigitsEvaluator(choice)
}
