import { expect, test } from 'vitest'
import { RoundHistory } from '../../../src/report/live/round-history.js'

const roundOf = (round: number, peakBytes = round) =>
  ({ round, endedMs: round * 1000, peakBytes, peakKind: 'exact', endBytes: 1 }) as const

test('ten thousand rounds are at most 240 dots, the highest peak among them, and 24 rows', () => {
  const history = new RoundHistory()
  for (let i = 1; i <= 240; i++) history.add(roundOf(i))
  expect([history.isWhole, history.drawn.length]).toEqual([true, 240])
  for (let i = 241; i <= 10_000; i++) history.add(roundOf(i, i === 5000 ? 1e9 : i))
  expect(history.isWhole).toBe(false)
  expect(history.drawn.length).toBeLessThanOrEqual(240)
  expect(history.drawn.map(({ round }) => round)).toContain(5000)
  expect(history.newest.map(({ round }) => round)).toEqual(Array.from({ length: 24 }, (_, i) => 9977 + i))
})

test('a round that is reported again takes the place of the first', () => {
  const history = new RoundHistory()
  history.add(roundOf(1))
  history.add(roundOf(1, 77))
  expect(history.newest).toEqual([roundOf(1, 77)])
  expect(history.drawn).toEqual([roundOf(1, 77)])
})
