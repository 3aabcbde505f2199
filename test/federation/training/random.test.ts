import { expect, it } from 'vitest'
import { createRandom, shuffledIndices } from '../../../src/federation/training/random.js'

// Computed by a Python program from the authors' C code, whose outputs for the state 1, 2, 3, 4 it gave as published.
it.each([
  ['weights', [393288148, 2174103013, 3814759091, 2092745082]],
  ['dealing', [2782615174, 328716131, 2440792310, 2501779521]],
] as const)('the stream "%s" of seed 1 begins with the numbers of the reference', (stream, expected) => {
  const random = createRandom(1, stream)
  expect(expected.map(() => random.nextShare() * 2 ** 32)).toEqual(expected)
})

it('shares are spread evenly', () => {
  const random = createRandom(9, 'weights')
  const counts = new Array<number>(10).fill(0)
  for (let draw = 0; draw < 100_000; draw++) counts[Math.floor(random.nextShare() * 10)]!++
  // Chi-squared with 9 degrees of freedom: 27.9 is passed once in a thousand times, and the seed is fixed.
  expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(27.9)
})

it('every order of three is as likely as any other', () => {
  const random = createRandom(4, 'dealing')
  const counts = new Map<string, number>()
  for (let draw = 0; draw < 6000; draw++) {
    const order = shuffledIndices(3, random).join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  // 5 degrees of freedom: 20.5, likewise.
  expect([...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(20.5)
})
