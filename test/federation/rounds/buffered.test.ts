import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openBuffered } from '../../../src/federation/aggregation/in-memory.js'
import { SpareSets } from '../../../src/federation/aggregation/weights-pool.js'
import { stateInMemory } from '../../../src/federation/tensors/global-state.js'
import { encodeWeights } from '../../../src/federation/tensors/safetensors/write-safetensors.js'

const specs = [{ name: 'w', dtype: 'F32', shape: [2] }] as const

function body(...values: number[]): Readable {
  const weights = { specs, data: [Float32Array.from(values)] }
  return Readable.from(encodeWeights(weights).chunks(), { objectMode: false })
}

it.each(['ordered', 'arrival'] as const)(
  'with summation %s, one result at a time takes the memory of weights that no one needs, and a rejected one gives it back',
  async (summation) => {
    const spare = Float32Array.of(7, 7)
    const spares = new SpareSets(1)
    spares.giveBack({ specs, data: [spare] })
    const current = stateInMemory({ specs, data: [Float32Array.of(1, 1)] })
    const aggregation = openBuffered({
      round: 1,
      attempt: 0,
      metadata: {},
      specs,
      combination: { weight: () => 1, scale: () => ({ keep: 0, rate: 1 }) },
      summation,
      spares,
    })
    const claim = { client: 'a', round: 1, attempt: 0, numExamples: 1, steps: 1 }
    await expect(aggregation.receive(body(3, Number.NaN), claim)).rejects.toThrow('has the value NaN at index 1')
    const [first, second] = await Promise.all([
      aggregation.receive(body(3, 4), claim),
      aggregation.receive(body(5, 6), claim),
    ])
    first.count()
    second.drop()
    const next = await (await aggregation.combine(current)).load()
    expect(next.data[0]).toBe(spare)
    expect([...spare]).toEqual([3, 4])
    expect((await current.load()).data[0]).toEqual(Float32Array.of(1, 1))
  },
)

it.each(['ordered', 'arrival'] as const)(
  'with summation %s, the memory of results that came over the network goes back, save that of the mean',
  async (summation) => {
    const spares = new SpareSets(9)
    const aggregation = openBuffered({
      round: 1,
      attempt: 0,
      metadata: {},
      specs,
      combination: { weight: () => 1, scale: (accepted) => ({ keep: 0, rate: 1 / accepted.length }) },
      summation,
      spares,
    })
    const own = { specs, data: [Float32Array.of(1, 2)] }
    const sources = { a: own, b: body(3, 4), c: body(5, 6), d: body(7, 8) }
    for (const [client, source] of Object.entries(sources)) {
      const result = await aggregation.receive(source, { client, round: 1, attempt: 0, numExamples: 1, steps: 1 })
      if (client === 'd') result.drop()
      else result.count()
    }
    const next = await (await aggregation.combine(stateInMemory(own))).load()
    aggregation.discard()
    expect([...next.data[0]!]).toEqual([3, 4])
    expect([...own.data[0]!]).toEqual([1, 2])
    const left = [spares.take(), spares.take(), spares.take(), spares.take()].flatMap((set) => set?.data ?? [])
    // Ordered, the mean is in that of b. As they arrive it is in a copy of the own result, and one set of memory did for all others.
    expect(left).toHaveLength(summation === 'ordered' ? 2 : 1)
    expect(left).not.toContain(next.data[0])
    expect(left).not.toContain(own.data[0])
  },
)

it('a result that is dropped or rejected when its turn is over leaves nothing to write over', async () => {
  const spares = new SpareSets(9)
  const aggregation = openBuffered({
    round: 1,
    attempt: 0,
    metadata: {},
    specs,
    combination: { weight: () => 1, scale: () => ({ keep: 0, rate: 1 }) },
    summation: 'ordered',
    spares,
  })
  const late = await aggregation.receive(body(3, 4), { client: 'a', round: 1, attempt: 0, numExamples: 1, steps: 1 })
  aggregation.discard()
  late.drop()
  expect(spares.take()).toBeUndefined()
})
