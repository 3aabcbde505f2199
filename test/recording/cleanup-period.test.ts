import { expect, test } from 'vitest'
import { periodOfRounds, periodOfSetting } from '../../src/recording/rounds/cleanup-period.js'

test.each([
  ['serverMemoryGcRounds', 5, 5],
  ['gc', '5', 5],
  ['gc', 0, 0],
  ['gc_rounds', 1, 1],
  ['GC_EVERY', '10', 10],
  ['memoryGcRounds', 3, 3],
  ['cleanup-every', 4, 4],
  ['gc_threshold', 700, undefined],
  ['client_gc', 5, undefined],
  ['gc', 'on', undefined],
  ['gc', 2.5, undefined],
  ['rounds', 5, undefined],
  ['arenaMax', 4, undefined],
])('an axis %s with the value %s means a cleanup every %s rounds', (axis, value, rounds) => {
  expect(periodOfSetting({ MALLOC_ARENA_MAX: 4, [axis]: value })?.rounds).toBe(rounds)
})

test.each([
  ['every fifth', 20, [5, 10, 15, 20], 5],
  ['every one', 4, [1, 2, 3, 4], 1],
  ['every fifth, and the job ended before another was due', 13, [5, 10], 5],
  ['no cleanup', 10, [], undefined],
  ['cleanups of the allocator, now and then', 10, [3, 4, 9], undefined],
  ['one alone', 20, [5], undefined],
])('a log that reports %s', (_, rounds, cleaned, period) => {
  const records = Array.from({ length: rounds }, (_, i) => ({
    round: i + 1,
    ...(cleaned.includes(i + 1) && { cleanupMs: 1000 + i }),
  }))
  expect(periodOfRounds(records)?.rounds).toBe(period)
})
