/** What is found, held against the golden vectors within their tolerance. */
import { expect } from 'vitest'
import { type Numbers, pooledLoss, type TrainingCase } from '../../experiments/support/golden.js'
import type { Weights } from '../../src/federation/tensors/weights.js'

/** |a - b| / max(1, |b|), as the vectors define it. */
export function expectClose(found: number, expected: number, tolerance: number, what: string): void {
  expect(Math.abs(found - expected) / Math.max(1, Math.abs(expected)), what).toBeLessThanOrEqual(tolerance)
}

export function expectWeights(found: Weights, expected: Numbers, tolerance: number, what: string): void {
  expect(found.specs.map((spec) => spec.name).sort(), what).toEqual(Object.keys(expected).sort())
  for (const [tensor, spec] of found.specs.entries()) {
    const values = expected[spec.name]!
    expect(found.data[tensor]!.length, what).toBe(values.length)
    for (const [i, value] of values.entries())
      expectClose(found.data[tensor]![i]!, value, tolerance, `${what}: ${spec.name}[${i}]`)
  }
}

/** The model after a round, and the loss that it has over all clients' examples. */
export function expectModel(
  golden: TrainingCase,
  model: Weights,
  { expected, tolerance }: { expected: TrainingCase['expected']['rounds'][number]; tolerance: number },
): void {
  expectWeights(model, expected.weights, tolerance, `the model of round ${expected.round}`)
  expectClose(pooledLoss(golden, model), expected.pooledLoss, tolerance, `the loss of round ${expected.round}`)
}
