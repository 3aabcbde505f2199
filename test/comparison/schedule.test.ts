import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scheduleTrials } from '../../src/comparison/plan/schedule.js'

const labels = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 })
const trials = fc.integer({ min: 1, max: 10 })
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

test('every block holds each setting once, whatever the settings and the seed', () => {
  fc.assert(
    fc.property(labels, trials, seeds, (settings, perSetting, seed) => {
      const schedule = scheduleTrials(settings, perSetting, seed)
      expect(schedule.map(({ index }) => index)).toEqual(schedule.map((_, place) => place + 1))
      for (let block = 0; block < perSetting; block++) {
        const inBlock = schedule.slice(block * settings.length, (block + 1) * settings.length)
        expect(new Set(inBlock.map(({ setting }) => setting))).toEqual(new Set(settings))
        expect(inBlock.every(({ trial }) => trial === block + 1)).toBe(true)
      }
    }),
  )
})

test('the same seed gives the same order', () => {
  fc.assert(
    fc.property(labels, trials, seeds, (settings, perSetting, seed) => {
      expect(scheduleTrials(settings, perSetting, seed)).toEqual(scheduleTrials(settings, perSetting, seed))
    }),
  )
})

test('each setting is equally likely in each place', () => {
  const settings = ['a', 'b', 'c']
  const seedsTried = 3000
  const counts = new Map<string, number>()
  for (let seed = 0; seed < seedsTried; seed++) {
    for (const { setting, index } of scheduleTrials(settings, 1, seed)) {
      const key = `${setting}${index}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  // 9 counts around 1000 with a standard deviation of 25.8; five of them.
  expect(counts.size).toBe(9)
  for (const count of counts.values()) expect(Math.abs(count - seedsTried / 3)).toBeLessThan(130)
})

test('blocks differ in their order', () => {
  const order = (block: number) =>
    scheduleTrials(['a', 'b', 'c', 'd', 'e', 'f'], 2, 1)
      .filter(({ trial }) => trial === block)
      .map(({ setting }) => setting)
      .join('')
  expect(order(1)).not.toBe(order(2))
})

test('the order for a seed never changes: a comparison that was stopped by an older release continues with it', () => {
  const order = (settings: string[], trials: number, seed: number) =>
    scheduleTrials(settings, trials, seed).map(({ setting }) => setting)
  expect(order(['gc=0', 'gc=5', 'gc=1'], 4, 1)).toEqual([
    ...['gc=5', 'gc=1', 'gc=0'],
    ...['gc=1', 'gc=5', 'gc=0'],
    ...['gc=1', 'gc=5', 'gc=0'],
    ...['gc=0', 'gc=1', 'gc=5'],
  ])
  expect(order(['a', 'b', 'c', 'd', 'e'], 2, 2026).join('')).toBe('cdaebacdeb')
})
