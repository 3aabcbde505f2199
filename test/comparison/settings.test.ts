import { expect, test } from 'vitest'
import { expandSettings } from '../../src/results/setting.js'

test('settings are every combination of the axes, the last axis varying fastest', () => {
  const settings = expandSettings({ serverMemoryGcRounds: [0, 5], arenaMax: ['unset', 4] })
  expect(settings.map(({ label }) => label)).toEqual([
    'gc=0 arena=unset',
    'gc=0 arena=4',
    'gc=5 arena=unset',
    'gc=5 arena=4',
  ])
  expect(settings[3]!.values).toEqual({ serverMemoryGcRounds: 5, arenaMax: 4 })
})

test('a label names only the axes that vary', () => {
  const settings = expandSettings({ serverMemoryGcRounds: [0, 1], arenaMax: ['unset'], allocator: ['glibc'] })
  expect(settings.map(({ label }) => label)).toEqual(['gc=0', 'gc=1'])
  expect(settings[0]!.values).toEqual({ serverMemoryGcRounds: 0, arenaMax: 'unset', allocator: 'glibc' })
})

test('a single setting is named by all of its axes', () => {
  const [only] = expandSettings({ serverMemoryGcRounds: [5], arenaMax: [4], MALLOC_CONF: ['background_thread:true'] })
  expect(only?.label).toBe('gc=5 arena=4 MALLOC_CONF=background_thread:true')
})

test('a job without axes has one setting, and that has a name', () => {
  expect(expandSettings({})).toEqual([{ label: 'as it is', values: {} }])
})
