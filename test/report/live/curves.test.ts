import { expect, test } from 'vitest'
import { Curves } from '../../../src/report/live/curves.js'

const HOUR_MS = 3_600_000

test('a day of samples takes no more than an hour of them, and keeps the highest and the lowest', () => {
  const sizes = [1, 24].map((hours) => {
    const curves = new Curves()
    for (let timeMs = 0; timeMs < hours * HOUR_MS; timeMs += 500) curves.add('server', timeMs, 100 + (timeMs % 7000))
    curves.add('server', hours * HOUR_MS, 50)
    for (let timeMs = hours * HOUR_MS + 500; timeMs < hours * HOUR_MS + 60_000; timeMs += 500)
      curves.add('server', timeMs, 9)
    const points = curves.all()[0]!.points
    const values = points.map(([, bytes]) => bytes)
    expect(Math.max(...values)).toBe(6600)
    expect(Math.min(...values)).toBe(9)
    const times = points.map(([timeMs]) => timeMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBeGreaterThan(hours * HOUR_MS)
    return points.length
  })
  for (const size of sizes) expect(size).toBeLessThanOrEqual(1200)
})

test('what was drawn can be gone on with elsewhere', () => {
  const [server, page] = [new Curves(), new Curves()]
  for (let i = 0; i < 5000; i++) server.add('server', i * 500, i % 13)
  page.load(server.all())
  for (const curves of [server, page]) curves.add('server', 5000 * 500, 99)
  expect(page.all()[0]!.points.at(-1)![0]).toBe(2_500_000)
  expect(server.all()[0]!.points.at(-1)![0]).toBe(2_500_000)
  expect(page.all()[0]!.points.length).toBeLessThanOrEqual(1200)
})

test('a thousand roles are twelve curves', () => {
  const curves = new Curves()
  for (let i = 0; i < 1000; i++) curves.add(`role ${i}`, i, i)
  const names = curves.all().map(({ name }) => name)
  expect(names).toHaveLength(12)
  expect(names.at(-1)).toBe('others')
})
