import { expect, test } from 'vitest'
import type { Point } from '../../src/report/downsample.js'
import { terminalChart } from '../../src/report/terminal/terminal-chart.js'
import { exampleView } from './example-view.js'
import { expectGolden } from './golden.js'

const MIB = 2 ** 20
const flat = Array.from({ length: 200 }, (_, i): Point => [i * 50, 100 * MIB])

test('a chart of a trial is drawn as committed, in braille and in ASCII', () => {
  const { processes } = exampleView({ trials: 1, rounds: 8 }).data.trials[1]!
  const options = { width: 80, height: 20, title: 'gc=5 arena=unset' }
  expectGolden(
    'terminal-chart.txt',
    terminalChart(processes, options) + terminalChart(processes, { ...options, isPlain: true }),
  )
})

test('a chart keeps to the width and the height that it is given', () => {
  for (const [width, height] of [
    [40, 10],
    [120, 30],
  ] as const) {
    const lines = terminalChart([{ name: 'server', points: flat }], { width, height, title: 'flat' })
      .trimEnd()
      .split('\n')
    expect(Math.max(...lines.slice(2).map((line) => line.length))).toBeLessThanOrEqual(width)
    expect(lines.length).toBeLessThanOrEqual(height)
  }
})

test('one high sample among many is drawn at its height', () => {
  const points = flat.map(([timeMs, bytes], i): Point => [timeMs, i === 120 ? 400 * MIB : bytes])
  const lines = terminalChart([{ name: 'server', points }], { width: 60, height: 16, isPlain: true }).split('\n')
  expect(lines[1]).toMatch(/^400 \+ +a$/)
})

test('a gap in the data is a gap in the chart', () => {
  const points = flat.map(([timeMs, bytes], i): Point => [timeMs, i >= 80 && i < 120 ? null : bytes])
  const text = terminalChart([{ name: 'server', points }], { width: 60, height: 12, isPlain: true })
  expect(text).toMatch(/a+ {8,}a+/)
})

test('with nothing recorded it says so', () => {
  expect(terminalChart([{ name: 'server', points: [[0, null]] }], { width: 60, height: 12 })).toBe(
    'nothing was recorded, so there is nothing to draw\n',
  )
})
