import { describe, expect, it } from 'vitest'
import { type OwnResult, WeightStore } from '../../../src/federation/swarm/consensus/weight-store.js'
import { weightsDigest } from '../../../src/federation/tensors/digest.js'
import type { Weights } from '../../../src/federation/tensors/weights.js'

function weightsOf(...values: number[]): Weights {
  const specs = values.map((_, index) => ({ name: `tensor/${index}`, dtype: 'F32' as const, shape: [1] }))
  return { specs, data: values.map((value) => new Float32Array([value])) }
}

function resultOf(weights: Weights): OwnResult {
  return { round: 1, numExamples: 1, steps: 1, weights }
}

function commit(kept: WeightStore, weights: Weights): void {
  const digest = weightsDigest(weights)
  kept.keepProposed(digest, weights)
  kept.commit(digest)
}

function sparesOf(kept: WeightStore): Weights['data'][] {
  const spares: Weights['data'][] = []
  for (let spare = kept.spares.take(); spare !== undefined; spare = kept.spares.take()) spares.push(spare.data)
  return spares
}

describe('the memory of a committed round', () => {
  it('is written over in the next one: that of the global weights and of the own result', () => {
    const kept = new WeightStore(weightsOf(1, 2), 2)
    const first = weightsOf(3, 4)
    commit(kept, first)
    const copy = kept.copyGlobal()
    kept.keepOwn(resultOf(copy))
    commit(kept, weightsOf(5, 6))
    expect(sparesOf(kept)).toEqual([copy.data, first.data])
  })

  it('is left alone while a transfer reads it', () => {
    const kept = new WeightStore(weightsOf(1, 2), 2)
    commit(kept, weightsOf(3, 4))
    const copy = kept.copyGlobal()
    kept.keepOwn(resultOf(copy))
    {
      using _first = kept.reading(kept.global)
      using _second = kept.reading(copy)
      commit(kept, weightsOf(5, 6))
    }
    expect(sparesOf(kept)).toEqual([])
  })

  it('is left alone where others may hold it: the first weights, and what a trainer made by itself', () => {
    const kept = new WeightStore(weightsOf(1, 2), 2)
    kept.keepOwn(resultOf(weightsOf(3, 4)))
    commit(kept, weightsOf(5, 6))
    expect(sparesOf(kept)).toEqual([])
  })

  it('is no room for a whole set where a result left a tensor out or has one twice', () => {
    for (const places of [[0], [0, 0]]) {
      const kept = new WeightStore(weightsOf(1, 2), 2)
      const { specs, data } = kept.copyGlobal()
      kept.keepOwn(resultOf({ specs, data: places.map((place) => data[place]!) }))
      commit(kept, weightsOf(5, 6))
      expect(sparesOf(kept)).toEqual([])
    }
  })

  it('is given back by a cleanup', () => {
    const kept = new WeightStore(weightsOf(1, 2), 2)
    commit(kept, weightsOf(3, 4))
    commit(kept, weightsOf(5, 6))
    kept.spares.drop()
    expect(sparesOf(kept)).toEqual([])
  })
})

it('only what was proposed counts as a proposal that is held, not global weights of the same digest', () => {
  const kept = new WeightStore(weightsOf(1, 2), 2)
  const same = weightsOf(1, 2)
  const digest = weightsDigest(same)
  commit(kept, weightsOf(1, 2))
  expect(kept.hasProposed(digest)).toBe(false)
  kept.keepProposed(digest, same)
  expect(kept.hasProposed(digest)).toBe(true)
})
