import { expect, test } from 'vitest'
import { federation } from '../../src/comparison/definition/definition.js'
import { overridePlan } from '../../src/comparison/plan/override.js'
import { type FederationPlan, planComparison } from '../../src/comparison/plan/plan.js'

const plan = planComparison(
  {
    name: 'x',
    workload: federation({ algorithm: 'fedavg', rounds: 12 }),
    settings: { serverMemoryGcRounds: [0, 5, 1], clients: [2, 4] },
    trials: 7,
    expect: { serverMemoryGcRounds: { 0: 'grows', 5: 'sawtooth', 1: 'stable' } },
  },
  'x.memory.ts',
)
const none = { settings: {}, job: {}, comparison: {} }

test('without options the suite holds', () => {
  expect(overridePlan(plan, none)).toEqual(plan)
})

test('an option replaces what the suite says, and nothing else', () => {
  const { workload, trials, settings } = overridePlan(plan, { ...none, job: { rounds: 3 }, comparison: { trials: 1 } })
  expect(workload).toEqual({ kind: 'federation', job: { ...(plan.workload as FederationPlan).job, rounds: 3 } })
  expect(trials).toBe(1)
  expect(settings).toEqual(plan.settings)
})

test('expectations of values that are no longer compared go', () => {
  const { settings, expect: expected } = overridePlan(plan, { ...none, settings: { serverMemoryGcRounds: [0, 2] } })
  expect(settings.serverMemoryGcRounds).toEqual([0, 2])
  expect(expected).toEqual({ serverMemoryGcRounds: { 0: ['grows'] } })
})

test('an option of the job that is an axis of the suite varies no more', () => {
  expect(overridePlan(plan, { ...none, job: { clients: 3 } }).settings.clients).toEqual([3])
})
