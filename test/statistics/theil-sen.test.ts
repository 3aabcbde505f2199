import { expect, test } from 'vitest'
import { theilSenSlope } from '../../src/statistics/regression/theil-sen.js'

test.each([
  // scipy 1.17.1 theilslopes.
  [[1, 2, 3, 4, 5, 6, 8], [612.4, 623.1, 598.7, 640.2, 655.0, 649.9, 671.3], 8.55],
  [[1, 2, 2, 4], [5, 9, 4, 7], 0.6666666666666666],
])('the slope of %j, %j is that of scipy', (x, y, slope) => {
  expect(theilSenSlope(x, y)).toBeCloseTo(slope, 10)
})

test('one place has no slope', () => {
  expect(theilSenSlope([3, 3], [1, 2])).toBeUndefined()
})
