import { expect, test } from 'vitest'
import { SamplingSchedule } from '../../../src/recording/sampling/sampling-schedule.js'

test('deadlines are absolute: one late sample does not move those after it', () => {
  const pace = new SamplingSchedule(100, 1000)
  pace.taken(1003)
  expect(pace.dueMs).toBe(1100)
  pace.taken(1150)
  expect(pace.dueMs).toBe(1200)
})

test('moments that passed while a sample was late are left out, and counted', () => {
  const pace = new SamplingSchedule(100, 1000)
  pace.taken(1000)
  pace.taken(1420)
  expect(pace.dueMs).toBe(1500)
  expect(pace.facts()).toMatchObject({ samples: 2, missed: 3, achievedIntervalMs: 420 })
})

test('moments with nothing to sample are neither samples nor left out', () => {
  const pace = new SamplingSchedule(100, 1000)
  pace.passed(1000)
  pace.passed(1250)
  expect(pace.dueMs).toBe(1300)
  expect(pace.facts()).toMatchObject({ samples: 0, missed: 0, achievedIntervalMs: null })
  pace.taken(1300)
  pace.taken(1400)
  expect(pace.facts()).toMatchObject({ samples: 2, missed: 0, achievedIntervalMs: 100 })
})

test('lateness is reported as median, 99th percentile and maximum', () => {
  const pace = new SamplingSchedule(10, 0)
  for (let n = 0; n < 100; n++) pace.taken(n * 10 + (n === 99 ? 7 : 0.05))
  expect(pace.facts().jitterMs).toEqual({ median: 0.06, p99: 0.06, max: 7 })
})

test('before the first sample nothing is known of the pace', () => {
  expect(new SamplingSchedule(10, 0).facts()).toEqual({
    askedIntervalMs: 10,
    achievedIntervalMs: null,
    samples: 0,
    missed: 0,
    jitterMs: null,
  })
})
