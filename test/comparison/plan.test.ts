import { expect, test } from 'vitest'
import { defineComparison, federation } from '../../src/comparison/definition/definition.js'
import { planComparison } from '../../src/comparison/plan/plan.js'
import { axisOptions, compareOptions } from '../../src/options/comparison.js'
import { jobOptions } from '../../src/options/federation.js'
import { UsageError } from '../../src/shared/errors.js'

test('a definition that says nothing but its job has the defaults of the command line', () => {
  const plan = planComparison({ name: 'x', workload: federation({ algorithm: 'fedavg' }) }, 'x.memory.ts')
  expect(plan.trials).toBe(compareOptions.trials.default)
  expect(plan.seed).toBe(jobOptions.seed.default)
  expect(plan.judge).toBe('server')
  expect(plan.settings).toEqual({
    serverMemoryGcRounds: axisOptions.serverMemoryGcRounds.default,
    arenaMax: axisOptions.arenaMax.default,
    allocator: axisOptions.allocator.default,
  })
  expect(plan.workload).toMatchObject({ job: { algorithm: 'fedavg', rounds: jobOptions.rounds.default } })
})

test('sizes and durations may be texts, and a variable that is undefined is unset', () => {
  const plan = planComparison(
    defineComparison({
      name: 'x',
      workload: federation({ algorithm: 'fedavg', modelSize: '2MiB', roundDeadlineMs: '5s', graceMs: 250 }),
      settings: { serverMemoryGcRounds: [0, 1], MALLOC_TRIM_THRESHOLD_: ['unset', 65536] },
      trialDeadlineMs: '1m',
      expect: { serverMemoryGcRounds: { 0: ['grows', 'settling'], 1: 'stable' } },
    }),
    'x.memory.ts',
  )
  expect(plan.workload).toMatchObject({ job: { modelSize: 2 ** 21, roundDeadlineMs: 5000, graceMs: 250 } })
  expect(plan.settings).toEqual({ serverMemoryGcRounds: [0, 1], MALLOC_TRIM_THRESHOLD_: ['unset', 65536] })
  expect(plan.trialDeadlineMs).toBe(60_000)
  expect(plan.expect).toEqual({ serverMemoryGcRounds: { 0: ['grows', 'settling'], 1: ['stable'] } })
})

test('a plan survives JSON, which is how a stopped comparison is resumed', () => {
  const plan = planComparison({ name: 'x', workload: federation({ algorithm: 'fedavg' }) }, 'x.memory.ts')
  expect(planComparison(JSON.parse(JSON.stringify(plan)), 'comparison.json')).toEqual(plan)
})

const good = { name: 'x', workload: federation({ algorithm: 'fedavg' }) }
const job = (more: object) => ({ ...good, workload: { kind: 'federation', job: { algorithm: 'fedavg', ...more } } })

test.each([
  [
    'no object',
    42,
    'x.memory.ts: the definition: found 42, expected an object of keys and values, as defineComparison takes it',
  ],
  ['an unknown key', { ...good, trails: 3 }, 'x.memory.ts: trails: unknown key. Did you mean "trials"?'],
  [
    'an unknown option of the job',
    job({ modelsize: '5MB' }),
    'x.memory.ts: workload.job.modelsize: unknown key. Did you mean "modelSize"?',
  ],
  [
    'a size that is none',
    job({ modelSize: 'big' }),
    'x.memory.ts: workload.job.modelSize: found "big", expected a size such as 50MB, 100MiB or 1.5GiB, at most 16.00 GiB, at least 1024 bytes',
  ],
  [
    'a text for a number',
    { ...good, trials: 'many' },
    'x.memory.ts: trials: found "many", expected a whole number from 1 to 1000',
  ],
  [
    'an algorithm that does not exist',
    { ...good, workload: federation({ algorithm: 'fedprox' as 'fedavg' }) },
    `x.memory.ts: workload.job.algorithm: found "fedprox", expected one of fedavg, scaffold, cyclic, swarm, or a file of your own that ends in .ts, .mts, .js or .mjs`,
  ],
  [
    'an unknown axis',
    { ...good, settings: { serverMemoryGcRound: [0] } },
    'x.memory.ts: settings.serverMemoryGcRound: no such axis. Did you mean "serverMemoryGcRounds"?',
  ],
  [
    'an axis that repeats a value',
    { ...good, settings: { serverMemoryGcRounds: [0, 0] } },
    'x.memory.ts: settings.serverMemoryGcRounds: found [0,0], expected a list, each a whole number of at least 0, none twice',
  ],
  [
    'an empty axis',
    { ...good, settings: { serverMemoryGcRounds: [] } },
    'x.memory.ts: settings.serverMemoryGcRounds: found [], expected a list of at least one value',
  ],
  [
    'an expectation of a value that is not compared',
    { ...good, settings: { serverMemoryGcRounds: [0] }, expect: { serverMemoryGcRounds: { 7: 'stable' } } },
    'x.memory.ts: expect.serverMemoryGcRounds: found 7, expected a value of settings.serverMemoryGcRounds: 0',
  ],
  [
    'a shape that does not exist',
    { ...good, expect: { serverMemoryGcRounds: { 0: 'flat' } } },
    'x.memory.ts: expect.serverMemoryGcRounds.0: found "flat", expected one of stable, grows, falls, sawtooth, settling, staircase, spike, or a list of them',
  ],
])('%s is refused with file, key and what would be right', (_fault, definition, message) => {
  expect(() => planComparison(definition, 'x.memory.ts')).toThrow(new UsageError(message))
})

test('all faults are listed at once', () => {
  expect(() => planComparison({ ...good, trials: 0, rateHz: -1 }, 'x.memory.ts')).toThrow(
    [
      'x.memory.ts has 2 faults:',
      '  trials: found 0, expected a whole number from 1 to 1000',
      '  rateHz: found -1, expected a number above 0, at most 1000',
    ].join('\n'),
  )
})
