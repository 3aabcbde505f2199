import { expect, test } from 'vitest'
import { federation } from '../../src/comparison/definition/definition.js'
import { loadSuite } from '../../src/comparison/definition/suite.js'
import { overridePlan } from '../../src/comparison/plan/override.js'
import { planComparison, settingsOf } from '../../src/comparison/plan/plan.js'
import { startComparison } from '../../src/comparison/run/run-comparison.js'
import { baselinesOf } from '../../src/verdict/difference/baselines.js'

const none = { settings: {}, job: {}, comparison: {} }
const shipped = planComparison((await loadSuite('suites/spooled'))[0]!.definition, 'spooled.memory.ts')

test('the shipped suite of it ends with the spooled server at gc 0, held against the buffered one at gc 0', () => {
  const settings = settingsOf(shipped)
  expect(settings.map(({ label }) => label)).toEqual([
    'gc=0 arena=unset',
    'gc=0 arena=4',
    'gc=5 arena=unset',
    'gc=5 arena=4',
    'gc=1 arena=unset',
    'gc=1 arena=4',
    'aggregation=spooled gc=0',
  ])
  expect(settings.at(-1)!.values).toEqual({ serverMemoryGcRounds: 0, arenaMax: 'unset', aggregation: 'spooled' })
  expect(settings[0]!.values).toEqual({ serverMemoryGcRounds: 0, arenaMax: 'unset', aggregation: 'buffered' })
  expect(baselinesOf(settings).get('aggregation=spooled gc=0')).toBe('gc=0 arena=unset')
  expect(baselinesOf(settings).get('gc=5 arena=4')).toBe('gc=0 arena=4')
})

test('what is expected of the buffered server at gc 0 is not expected of the spooled one, and the other way round', () => {
  const { expectations } = startComparison(shipped, settingsOf(shipped))
  expect(expectations['aggregation=spooled gc=0']).toEqual([['stable', 'settling']])
  expect(expectations['gc=0 arena=unset']).toEqual([['grows', 'settling']])
})

test('who names other values to compare gets those alone, and who repeats the same ones gets all of the suite', () => {
  const given = { ...none, settings: { serverMemoryGcRounds: [0, 1] } }
  const other = planComparison(overridePlan(shipped, given), 'x')
  expect(settingsOf(other)).toHaveLength(4)
  expect(other.expect).not.toHaveProperty('aggregation')
  const same = { ...none, settings: { serverMemoryGcRounds: [0, 5, 1], arenaMax: ['unset', 4] }, job: { rounds: 3 } }
  expect(settingsOf(planComparison(overridePlan(shipped, same), 'x'))).toHaveLength(7)
})

const good = { name: 'x', workload: federation({ algorithm: 'fedavg' }), settings: { serverMemoryGcRounds: [0, 1] } }

test.each([
  [
    'an option that does not exist',
    { agregation: 'spooled' },
    'extraSettings.agregation: no such axis. Did you mean "aggregation"?',
  ],
  [
    'a value that does not exist',
    { aggregation: 'spool' },
    'extraSettings.aggregation: found ["spool"], expected a list without repeats, each one of',
  ],
  [
    'nothing but values of axes',
    { serverMemoryGcRounds: 5 },
    'extraSettings: found {"serverMemoryGcRounds":5}, expected an option of the job that is no axis',
  ],
  [
    'what the job does not have',
    { GLIBC_TUNABLES: 'x' },
    'extraSettings.GLIBC_TUNABLES: found "x", expected an axis of settings or an option that the job has',
  ],
])('%s is refused with what would be right', (_fault, one, message) => {
  expect(() => planComparison({ ...good, extraSettings: [one] }, 'x.memory.ts')).toThrow(message)
})

test('two settings of one name are refused', () => {
  const extraSettings = [{ aggregation: 'spooled' }, { aggregation: 'spooled' }]
  expect(() => planComparison({ ...good, extraSettings }, 'x.memory.ts')).toThrow(
    'extraSettings: found aggregation=spooled twice',
  )
})

test('the earlier name of the key, besides, is understood', () => {
  const plan = planComparison({ ...good, besides: [{ aggregation: 'spooled' }] }, 'x.memory.ts')
  expect(plan.extraSettings).toEqual([{ aggregation: 'spooled' }])
})
