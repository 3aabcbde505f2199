import type { Evaluator } from '../evaluator.js'
import { createModel, type ModelChoice } from '../models/model-choice.js'
import { examplesOf, readDigits, splitDigits } from './digits.js'

/** Classifies the held-out digits and keeps only those in memory. */
export function createDigitsEvaluator(choice: ModelChoice): Evaluator {
  const examples = examplesOf(readDigits(), splitDigits().heldOut)
  const model = createModel(choice)
  return {
    accuracy: ({ data }) => model.countRight(data, { examples, start: 0, end: examples.count }) / examples.count,
  }
}
