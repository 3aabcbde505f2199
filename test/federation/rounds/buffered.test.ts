import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { openBuffered } from '../../../src/federation/rounds/buffered.js'
import { stateInMemory } from '../../../src/federation/weights/global-state.js'
import { encodeWeights } from '../../../src/federation/weights/write-safetensors.js'

const specs = [{ name: 'w', dtype: 'F32', shape: [2] }] as const

function body(...values: number[]): Readable {
  const weights = { specs, data: [Float32Array.from(values)] }
  return Readable.from(encodeWeights(weights).chunks(), { objectMode: false })
}

it.each(['ordered', 'arrival'] as const)(
  'with summation %s, one result at a time takes the memory of weights that nobody needs, and a rejected one gives it back',
  async (summation) => {
    const spare = Float32Array.of(7, 7)
    const current = stateInMemory({ specs, data: [Float32Array.of(1, 1)] })
    const aggregation = openBuffered({
      round: 1,
      attempt: 0,
      metadata: {},
      specs,
      combination: { weight: () => 1, scale: () => ({ keep: 0, rate: 1 }) },
      summation,
      spare: stateInMemory({ specs, data: [spare] }),
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
