import { describe, expect, test } from 'vitest'
import { DownsamplingSeries } from '../../src/report/downsampling-series.js'
import { OnlineRegression } from '../../src/statistics/regression/online-regression.js'

describe('a series that is thinned while it goes by', () => {
  test('keeps every peak of a million readings, at its own time and height, in bounded memory', () => {
    const series = new DownsamplingSeries()
    const peaks: [number, number][] = []
    for (let i = 0; i < 1_000_000; i++) {
      const isPeak = i % 20_000 === 12_345
      if (isPeak) peaks.push([i * 100, 1e9 + i])
      series.add(i * 100, isPeak ? 1e9 + i : 1e6 + (i % 977))
    }
    expect(series.points.length).toBeLessThan(16_385)
    const kept = new Set(series.points.map(String))
    for (const peak of peaks) expect(kept).toContain(String(peak))
    expect(series.highest).toEqual({ timeMs: 99_234_500, rssBytes: 1e9 + 992_345 })
  })

  test('draws no line over a gap, nor over what could not be read', () => {
    const series = new DownsamplingSeries()
    for (let i = 0; i < 20; i++) series.add(i * 100, 1)
    series.add(20_000, 2)
    series.add(20_100, null)
    expect(series.points.slice(19)).toEqual([
      [1900, 1],
      [2000, null],
      [20_000, 2],
      [20_100, null],
    ])
  })
})

describe('the line of least squares', () => {
  // numpy 1.24.2: np.polyfit(x, y, 1)
  test.each([
    [[0, 1, 2, 3], [1, 3, 2, 5], 1.1, 1.1],
    [[0.1, 0.25, 0.7, 1.6, 2.05], [10.5, 9.25, 12, 11.75, 15], 2.1749226006191935, 9.655572755417955],
  ])('through %j and %j', (x, y, slope, intercept) => {
    const line = new OnlineRegression()
    for (const [i, value] of x.entries()) line.add(value, y[i]!)
    expect(line.fit()!.slope).toBeCloseTo(slope, 10)
    expect(line.fit()!.intercept).toBeCloseTo(intercept, 10)
  })

  test('keeps its digits on Unix times', () => {
    const line = new OnlineRegression()
    for (let i = 0; i < 1000; i++) line.add(1_795_467_785_996 + i * 100, 5e8 + i * 4096)
    expect(line.fit()!.slope).toBeCloseTo(40.96, 6)
  })

  test('there is none through fewer than two times', () => {
    const line = new OnlineRegression()
    expect(line.fit()).toBeNull()
    line.add(1, 1)
    line.add(1, 2)
    expect(line.fit()).toBeNull()
  })
})
