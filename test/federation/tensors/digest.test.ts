import { expect, it } from 'vitest'
import { weightsDigest } from '../../../src/federation/tensors/digest.js'
import type { TensorSpec, Weights } from '../../../src/federation/tensors/weights.js'

const SPECS: TensorSpec[] = [
  { name: 'a', dtype: 'F32', shape: [50_000] },
  { name: 'b', dtype: 'F64', shape: [2, 1] },
]

function weights(change: (weights: Weights) => void = () => {}): Weights {
  const made: Weights = { specs: SPECS, data: [new Float32Array(50_000).fill(0.5), Float64Array.of(1, 2)] }
  change(made)
  return made
}

it('the same weights have the same digest, whatever the order of their tensors', () => {
  const { specs, data } = weights()
  const turned = { specs: [specs[1]!, specs[0]!], data: [data[1]!, data[0]!] }
  expect(weightsDigest(weights())).toMatch(/^[0-9a-f]{64}$/)
  expect(weightsDigest(turned)).toBe(weightsDigest(weights()))
})

it.each<[string, (weights: Weights) => void]>([
  ['the last bit of one value', ({ data }) => new Uint32Array(data[0]!.buffer)[49_999]!++],
  ['the sign of a zero', ({ data }) => (data[1]![0] = -0)],
  ['two values that changed places', ({ data }) => data[1]!.reverse()],
])('another digest comes of %s', (_what, change) => {
  expect(weightsDigest(weights(change))).not.toBe(weightsDigest(weights()))
})

it('another digest comes of another shape or name', () => {
  const { data } = weights()
  const digests = [
    weights(),
    { specs: [SPECS[0]!, { ...SPECS[1]!, shape: [1, 2] }], data },
    { specs: [SPECS[0]!, { ...SPECS[1]!, name: 'c' }], data },
  ].map(weightsDigest)
  expect(new Set(digests).size).toBe(3)
})
