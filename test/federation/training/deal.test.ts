import { describe, expect, it } from 'vitest'
import { partitionExamples } from '../../../src/federation/training/data-partition.js'

const labels = Array.from({ length: 1400 }, (_, i) => (i * 7) % 10)

describe.each(['iid', 'label'] as const)('dealing with --split %s', (split) => {
  it.each([1, 2, 7, 1000])('to %d clients gives every example to exactly one of them', (clients) => {
    const parts = partitionExamples(labels, { split, seed: 3, clients })
    expect(parts).toHaveLength(clients)
    expect(parts.flat().sort((a, b) => a - b)).toEqual(labels.map((_, index) => index))
  })

  it('gives parts of the same size, within two', () => {
    const sizes = partitionExamples(labels, { split, seed: 3, clients: 9 }).map((part) => part.length)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2)
  })

  it('is the same for the same seed and another for another', () => {
    const deal = (seed: number) => partitionExamples(labels, { split, seed, clients: 4 })
    expect(deal(1)).toEqual(deal(1))
    expect(deal(1)).not.toEqual(deal(2))
  })
})

const labelsSeen = (split: 'iid' | 'label') =>
  partitionExamples(labels, { split, seed: 5, clients: 10 }).map((part) => new Set(part.map((at) => labels[at])).size)

it('by label, a client of ten sees two digits at most; at random, it sees all ten', () => {
  expect(Math.max(...labelsSeen('label'))).toBeLessThanOrEqual(2)
  expect(labelsSeen('iid')).toEqual(Array(10).fill(10))
})
