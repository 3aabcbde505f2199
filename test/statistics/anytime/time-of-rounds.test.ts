import { expect, test } from 'vitest'
import { timeOfRounds } from '../../../src/statistics/anytime/time-of-rounds.js'

const rounds = { estimate: 10.5, low: 8.5, high: 12.5 }

test('rounds that take the same time give their number times that, from the start to the end of a round', () => {
  expect(timeOfRounds(rounds, [100, 100, 100, 100])).toEqual({ estimate: 1050, low: 800, high: 1300 })
  expect(timeOfRounds({ ...rounds, high: null }, [100])).toMatchObject({ high: null })
})

test('rounds of different lengths make the interval wider, most where few are known', () => {
  const few = timeOfRounds(rounds, [50, 150, 50, 150])!
  const many = timeOfRounds(
    rounds,
    Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 50 : 150)),
  )!
  expect(few.estimate).toBe(1050)
  expect(many.low).toBeLessThan(800)
  expect(few.low).toBeLessThan(many.low)
  expect(few.high!).toBeGreaterThan(many.high!)
})

test('slow rounds that come together make it wider still', () => {
  const lengths = Array.from({ length: 40 }, (_, i) => (Math.floor(i / 10) % 2 === 0 ? 50 : 150))
  const shuffled = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 50 : 150))
  expect(timeOfRounds(rounds, lengths)!.high!).toBeGreaterThan(1.2 * timeOfRounds(rounds, shuffled)!.high!)
})

test('without lengths, or with a clock that was set back, nothing is known', () => {
  expect(timeOfRounds(rounds, [])).toBeNull()
  expect(timeOfRounds(rounds, [-5, 1])).toBeNull()
})
