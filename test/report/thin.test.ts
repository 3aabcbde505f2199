import fc from 'fast-check'
import { expect, test } from 'vitest'
import { downsample, type Point } from '../../src/report/downsample.js'

const values = (points: readonly Point[]) => points.flatMap(([, bytes]) => (bytes === null ? [] : [bytes]))

test('the highest and the lowest value stay, at their time, whatever the series', () => {
  const series = fc.array(fc.option(fc.integer({ min: 0, max: 1e9 }), { freq: 10 }), { minLength: 1, maxLength: 500 })
  fc.assert(
    fc.property(series, fc.integer({ min: 4, max: 100 }), (bytes, limit) => {
      const points = bytes.map((value, i): Point => [i * 50, value])
      const kept = downsample(points, limit)
      for (const point of kept) expect(points[point[0] / 50]).toEqual(point)
      if (values(points).length > 0) {
        expect(Math.max(...values(kept))).toBe(Math.max(...values(points)))
        expect(Math.min(...values(kept))).toBe(Math.min(...values(points)))
      }
    }),
  )
})

test('each of a hundred single-sample peaks in a million samples stays', () => {
  const points = Array.from({ length: 1_000_000 }, (_, i): Point => [i, i % 10_000 === 777 ? 900 + i / 1e6 : 100])
  const kept = downsample(points, 1000)
  expect(kept.length).toBeLessThanOrEqual(1000)
  expect(kept.filter(([, bytes]) => bytes! >= 900)).toEqual(points.filter(([, bytes]) => bytes! >= 900))
})

test('times go up, and a gap stays a gap', () => {
  const points = Array.from({ length: 1000 }, (_, i): Point => [i, i >= 500 && i < 510 ? null : i])
  const kept = downsample(points, 40)
  expect(kept.map(([timeMs]) => timeMs)).toEqual(kept.map(([timeMs]) => timeMs).sort((a, b) => a - b))
  expect(kept.some(([timeMs, bytes]) => bytes === null && timeMs >= 500 && timeMs < 510)).toBe(true)
})

test('a series within the limit is left as it is', () => {
  const points: Point[] = [
    [0, 1],
    [1, null],
    [2, 3],
  ]
  expect(downsample(points, 3)).toEqual(points)
  expect(downsample([], 3)).toEqual([])
})
