import { expect, test } from 'vitest'
import { leakOf } from '../../../bench/verdict/live-series.js'
import { MIB } from '../../../src/shared/units.js'
import { fitLine, slopeOf } from '../../../src/statistics/anytime/line-fit.js'
import { timeToLevel } from '../../../src/statistics/anytime/time-to-level.js'

test('the interval holds the row at which a leak really meets a level in about nine of ten series', () => {
  const series = 120
  let inside = 0
  let slopes = 0
  for (let seed = 0; seed < series; seed++) {
    const all = leakOf(0.3, seed, 400).map((bytes) => bytes / MIB)
    const level = 220
    const seen = all.slice(0, 80)
    const met = all.findIndex((value) => value >= level) - 79
    const lines = fitLine(seen)
    const { low, high } = slopeOf(lines)
    if (low <= 0.45 && high >= 0.45) slopes++
    const found = timeToLevel(seen, lines, level)!
    if (met >= found.low && met <= (found.high ?? Number.POSITIVE_INFINITY)) inside++
  }
  expect(inside / series).toBeGreaterThan(0.85)
  expect(slopes / series).toBeGreaterThan(0.9)
})

test('a series that falls meets no level above it', () => {
  const falls = leakOf(-0.3, 1, 60)
  expect(timeToLevel(falls, fitLine(falls), falls.at(-1)! + MIB)).toBeNull()
})
